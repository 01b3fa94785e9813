"""Field overrides: the units of a table's columns, and the colours that values have everywhere."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from dashboards import columns
from dashboards.colours import OF_VALUES, QUANTILES, STATUS_CLASSES, Paint, paint
from dashboards.model import Panel, Visual
from dashboards.queries import Query, Shape
from telemetry.catalog import attributes

Json = dict[str, Any]

_LABEL: Final = re.compile(r"\{\{(\w+)\}\}")
_ANY_ERROR: Final = "any error"


def overrides(panel: Panel) -> list[Json]:
    """Return what some of the panel's fields have of their own."""
    if panel.visual is Visual.TABLE:
        return [
            _override("byName", columns.of_values(query), {"id": "unit", "value": query.unit})
            for query in panel.queries
            if query.shape is not Shape.INFORMATION
        ]
    if panel.visual is Visual.TIMESERIES:
        return [one for query in panel.queries for one in _colours(query)]
    return []


def _colours(query: Query) -> Iterator[Json]:
    for labels, pattern in _looks(query):
        found = paint(query, labels)
        if found is not None:
            yield _override("byRegexp", f"/^{pattern}$/", {"id": "color", "value": _colour(found)})


def _looks(query: Query) -> Iterator[tuple[dict[str, str], str]]:
    """Yield labels that are painted, each with the pattern of the legends of such series."""
    tabled = [label for label in query.by if label in OF_VALUES]
    by = {label.attribute: label.prometheus_name for label in query.by}
    if tabled:
        for values in product(*(OF_VALUES[label] for label in tabled)):
            named = zip(tabled, values, strict=True)
            labels = {label.prometheus_name: value or "ok" for label, value in named}
            yield labels, _pattern(query, {name: re.escape(one) for name, one in labels.items()})
    elif name := by.get(attributes.HTTP_RESPONSE_STATUS_CODE):
        for begin in STATUS_CLASSES:
            rest = r"\d\d" if begin.isdigit() else ""
            yield {name: begin}, _pattern(query, {name: f"{begin}{rest}"})
    elif name := by.get(attributes.ERROR_TYPE):
        yield {name: _ANY_ERROR}, _pattern(query, {name: "(?!ok$).+"})
        yield {name: "ok"}, _pattern(query, {name: "ok"})
    elif query.name in QUANTILES and not by:
        yield {}, query.name


def _pattern(query: Query, known: dict[str, str]) -> str:
    """Return the legend as a pattern; what a label that is not known may be is left open."""
    return _LABEL.sub(lambda found: known.get(found[1], ".*"), query.legend)


def _colour(found: Paint) -> Json:
    return {"mode": "shades" if found.shaded else "fixed", "fixedColor": found.name}


def _override(matcher: str, options: str, *properties: Json) -> Json:
    return {"matcher": {"id": matcher, "options": options}, "properties": list(properties)}
