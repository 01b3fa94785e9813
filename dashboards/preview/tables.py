"""One table of several queries, as Grafana's `merge` and `organize` make it."""

import math

from dashboards import columns
from dashboards.model import Panel
from dashboards.preview import values
from dashboards.preview.views import Table
from dashboards.proof.prometheus import Series
from dashboards.queries import Query, Shape
from telemetry.catalog import Label


def table(panel: Panel, answers: tuple[tuple[Series, ...], ...]) -> Table:
    """Return the latest values, a row for each set of labels; what only adds labels joins in."""
    labels = tuple(dict.fromkeys(label for query in panel.queries for label in query.by))
    shared = [label for label in labels if all(label in query.by for query in panel.queries)]
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    sizes: dict[tuple[str, ...], float] = {}
    headings = {
        label.prometheus_name: columns.of_label(panel, query, label)
        for query in reversed(panel.queries)
        for label in query.by
    }
    headings = {label.prometheus_name: headings[label.prometheus_name] for label in labels}
    for query, answer in zip(panel.queries, answers, strict=True):
        if query.shape is not Shape.INFORMATION:
            headings[_value_of(query)] = columns.of_values(query)
        for one in answer:
            own = {name: one.labels.get(name, "") for name in map(_name, query.by)}
            key = tuple(own[name] for name in map(_name, shared))
            row = rows.setdefault(key, {})
            row |= own
            if query is columns.sorted_by(panel):
                sizes[key] = one.points[-1][1]
            if query.shape is not Shape.INFORMATION:
                row[_value_of(query)] = _shown(one.points[-1][1], query.unit)
    return Table(
        tuple(headings.values()),
        tuple(number >= len(labels) for number in range(len(headings))),
        tuple(
            tuple(row.get(name, "") for name in headings)
            # As the panel asks Grafana to: the largest first, what has no value last.
            for _, row in sorted(rows.items(), key=lambda item: -sizes.get(item[0], -math.inf))
        ),
    )


def _shown(value: float, unit: str) -> str:
    return "NaN" if math.isnan(value) else values.text(value, unit)


def _name(label: Label) -> str:
    return label.prometheus_name


def _value_of(query: Query) -> str:
    # No label has a name with a space.
    return f"value of {query.name}"
