"""Rules for a board as a whole: identity, variables, links, time, layout."""

import re
from collections.abc import Iterator
from itertools import combinations

from dashboards.grafana.normalise import SCHEMA_VERSION
from dashboards.lint.findings import Json, everything, panels, variables
from dashboards.model import GRID_WIDTH, UID_PREFIX

_ON_TIME_RANGE_CHANGE = 2
_TEMPLATED = ("$datasource", "${datasource}")
_LABEL_QUERY = re.compile(r"label_values\([a-zA-Z_:][\w:]*(\{.*\})?, [a-z_]+\)")


def template_datasource(dashboard: Json) -> Iterator[str]:
    """Hold the data source to be a variable of its usual name: the board then fits any Grafana."""
    variable = variables(dashboard).get("datasource", {})
    expected = {"type": "datasource", "query": "prometheus", "label": "Data source"}
    for field, value in expected.items():
        if variable.get(field) != value:
            yield f"variable 'datasource' has {field} {variable.get(field)!r}, not {value!r}"


def template_job_and_instance(dashboard: Json) -> Iterator[str]:
    """Hold the board to the variables that narrow it to a job and an instance."""
    for name, label in (("job", "Job"), ("instance", "Instance")):
        variable = variables(dashboard).get(name, {})
        expected = {
            "type": "query",
            "label": label,
            "multi": True,
            "includeAll": True,
            "allValue": ".+",
        }
        for field, value in expected.items():
            if variable.get(field) != value:
                yield f"variable {name!r} has {field} {variable.get(field)!r}, not {value!r}"
        if variable.get("datasource", {}).get("uid") not in _TEMPLATED:
            yield f"variable {name!r} does not ask the templated data source"


def template_queries(dashboard: Json) -> Iterator[str]:
    """Hold variables to a query that Prometheus answers, asked again for another time range."""
    for name, variable in variables(dashboard).items():
        if variable["type"] != "query":
            continue
        query = variable["query"]
        text = query.get("query", "") if isinstance(query, dict) else query
        if not _LABEL_QUERY.fullmatch(text):
            yield f"variable {name!r} asks {text!r}, which is no label_values(metric, label)"
        if variable.get("refresh") != _ON_TIME_RANGE_CHANGE:
            yield f"variable {name!r} is not reloaded when the time range changes"


def uneditable(dashboard: Json) -> Iterator[str]:
    """Refuse a board that can be changed in the page, where the change would be lost."""
    if dashboard.get("editable") is not False:
        yield "the board is editable"


def identity(dashboard: Json) -> Iterator[str]:
    """Hold the board to a stable uid, no database id, and the schema that needs no migration."""
    if not str(dashboard.get("uid", "")).startswith(UID_PREFIX):
        yield f"uid {dashboard.get('uid')!r} does not start with {UID_PREFIX!r}"
    if dashboard.get("id") is not None:
        yield "the board has the id of one Grafana's database"
    if dashboard.get("schemaVersion") != SCHEMA_VERSION:
        yield f"schemaVersion is {dashboard.get('schemaVersion')!r}, not {SCHEMA_VERSION}"


def surroundings(dashboard: Json) -> Iterator[str]:
    """Hold the board to be found, to show recent data untouched, and to pass its time range on."""
    for field in ("title", "description", "tags", "refresh", "time"):
        if not dashboard.get(field):
            yield f"the board has no {field}"
    links = dashboard.get("links", [])
    if not links:
        yield "no link leads to the other boards"
    for link in links:
        if not (link.get("keepTime") and link.get("includeVars")):
            yield f"link {link.get('title')!r} loses the time range or the variables"


def unique_names(dashboard: Json) -> Iterator[str]:
    """Hold panels to be told apart: by title for people, by id for links."""
    for field, found in (
        ("title", [panel.get("title") for panel in panels(dashboard)]),
        ("id", [panel.get("id") for panel in everything(dashboard)]),
    ):
        for value in sorted({str(item) for item in found if found.count(item) > 1}):
            yield f"several panels have the {field} {value!r}"


def layout(dashboard: Json) -> Iterator[str]:
    """Hold everything on the grid, with nothing over anything else."""
    levels = [dashboard["panels"], *(p["panels"] for p in everything(dashboard) if "panels" in p)]
    for level in levels:
        for panel in level:
            place = panel.get("gridPos", {})
            if place.keys() != {"x", "y", "w", "h"}:
                yield f"{panel.get('title')!r} has no place on the grid"
            elif place["x"] < 0 or place["x"] + place["w"] > GRID_WIDTH:
                yield f"{panel.get('title')!r} stands out of the grid"
        for one, other in combinations(level, 2):
            if _overlap(one.get("gridPos", {}), other.get("gridPos", {})):
                yield f"{one.get('title')!r} and {other.get('title')!r} overlap"


def _overlap(one: Json, other: Json) -> bool:
    if not one or not other:
        return False
    return bool(
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
