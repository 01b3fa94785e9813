"""Rules for one panel: what it says, in which unit, from where."""

from collections.abc import Iterator

from dashboards import units
from dashboards.lint.findings import Json, asks_jaeger
from dashboards.promql import selectors
from dashboards.traces import DATA_SOURCE

_TEMPLATED = ("$datasource", "${datasource}")
_WITHOUT_QUERY = frozenset({"alertlist", "dashlist"})
"""Panels that ask Grafana itself, not a data source."""
_FEWEST_WORDS = 4
_OLD_TYPES = frozenset({"graph", "singlestat", "table-old"})
_JAEGER = {"type": "jaeger", "uid": DATA_SOURCE}


def title_and_description(panel: Json) -> Iterator[str]:
    """Hold a panel to say what it answers, and what to do then, in sentences of some words."""
    if not panel.get("title"):
        yield "has no title"
    answers, _, if_wrong = panel.get("description", "").partition("**If it looks wrong:**")
    if not answers.strip():
        yield "has no description"
    elif not if_wrong.strip():
        yield "does not say what to do if it looks wrong"
    else:
        for said in (answers.strip(), if_wrong.strip()):
            if len(said.split()) < _FEWEST_WORDS:
                yield f"says only {said!r}"


def datasource(panel: Json) -> Iterator[str]:
    """Hold panel and queries to the data source that the reader picked, searches to Jaeger's."""
    if panel["type"] in _WITHOUT_QUERY:
        return
    if asks_jaeger(panel):
        for target in panel.get("targets", []):
            if target.get("datasource") != _JAEGER:
                yield f"asks {target.get('datasource')!r} in a panel of Jaeger's"
        if panel["datasource"] != _JAEGER:
            yield f"asks {panel['datasource']!r}, which is not where exemplars lead"
        return
    for asker in (panel, *panel.get("targets", [])):
        if asker.get("datasource", {}).get("uid") not in _TEMPLATED:
            yield f"asks {asker.get('datasource')!r}, not the templated data source"


def unit(panel: Json) -> Iterator[str]:
    """Hold every number to a unit of Grafana's list; value mappings are no excuse."""
    if panel["type"] in _WITHOUT_QUERY:
        return
    config = panel.get("fieldConfig", {})
    of_fields = [
        item["value"]
        for override in config.get("overrides", [])
        for item in override["properties"]
        if item["id"] == "unit"
    ]
    if panel["type"] == "heatmap":
        of_all = panel.get("options", {}).get("yAxis", {}).get("unit")
    else:
        of_all = config.get("defaults", {}).get("unit")
    # A point has two values, and so no unit of both.
    found = of_fields if panel["type"] == "xychart" and of_fields else [of_all, *of_fields]
    for value in found:
        if value not in units.KNOWN:
            yield f"has unit {value!r}, which is none of Grafana's that we use"


def modern(panel: Json) -> Iterator[str]:
    """Refuse panels of the old engine, which Grafana 12 has lost."""
    if panel["type"] in _OLD_TYPES:
        yield f"is of type {panel['type']!r}, which no longer exists"


def targets(panel: Json) -> Iterator[str]:
    """Hold a panel to ask something, each query with its letter and its legend."""
    found = panel.get("targets", [])
    if not found and panel["type"] not in _WITHOUT_QUERY:
        yield "has no query"
    letters = [target.get("refId") for target in found]
    if len(set(letters)) != len(letters) or None in letters:
        yield f"has queries that share a refId: {letters}"
    for target in found:
        if not asks_jaeger(panel) and not target.get("legendFormat"):
            yield f"query {target.get('refId')} has no legend"


def headings(panel: Json) -> Iterator[str]:
    """Hold a table to columns that can be told apart."""
    for step in panel.get("transformations", []):
        found = sorted(step["options"].get("renameByName", {}).values())
        if len(set(found)) != len(found):
            yield f"has columns of the same name: {found}"


def exemplars(panel: Json) -> Iterator[str]:
    """Hold panels to exemplars wherever raw buckets are drawn, and only there."""
    asked = [target for target in panel.get("targets", []) if target.get("exemplar")]
    for target in asked:
        if not _draws_buckets(target):
            yield f"query {target['refId']} asks exemplars of series that carry none"
    drawn = panel["type"] in {"timeseries", "heatmap"}
    if drawn and not asked and any(map(_draws_buckets, panel.get("targets", []))):
        yield "draws a histogram without its exemplars"


def _draws_buckets(target: Json) -> bool:
    """Whether the query reads a whole histogram, not one bucket of it as a count."""
    return any(
        selector.metric.endswith("_bucket")
        and not any(label == "le" for label, _, _ in selector.matchers)
        for selector in selectors(target.get("expr", ""))
    )
