"""Rules for a panel that shows traces: what it searches Jaeger for, and how it draws the answer."""

import json
from collections.abc import Iterator
from typing import Final

from dashboards.lint.findings import Json, asks_jaeger

_DRAWN: Final = "xychart"
_SEARCH: Final = frozenset(
    {"datasource", "limit", "minDuration", "operation", "queryType", "refId", "service", "tags"}
)
"""What Grafana's Jaeger source reads of a search: the SDK has no type of it."""
_OF_A_SERIES: Final = ("frame", "x", "y")
_TRACE: Final = "${__data.fields.traceID}"


def searches(panel: Json) -> Iterator[str]:
    """Hold a search of traces to the fields that Grafana reads, and to a service."""
    for target in panel.get("targets", []) if asks_jaeger(panel) else []:
        if target.get("queryType") != "search" or not target.get("service"):
            yield f"query {target.get('refId')} is no search of a service's traces"
        for name in sorted(target.keys() - _SEARCH):
            yield f"query {target.get('refId')} has a field {name}, which Jaeger's source ignores"


def points(panel: Json) -> Iterator[str]:
    """Hold traces to be points that lead to them, in a form that Grafana draws.

    dashboard-linter takes the query of a table, and of most other panels, for PromQL.
    """
    if not asks_jaeger(panel):
        return
    if panel["type"] != _DRAWN:
        yield f"shows traces as a {panel['type']}, not as points of an {_DRAWN}"
        return
    if not panel.get("pluginVersion"):
        yield "has no pluginVersion, so that Grafana takes its options for those before 11.1"
    for series in panel.get("options", {}).get("series", []) or [{}]:
        for part in _OF_A_SERIES:
            if "matcher" not in series.get(part, {}):
                yield f"has a series without {part}, which Grafana leaves out"
    links = json.dumps(
        [
            item["value"]
            for override in panel.get("fieldConfig", {}).get("overrides", [])
            for item in override["properties"]
            if item["id"] == "links"
        ]
    )
    if _TRACE not in links:
        yield "has points that lead to no trace"
