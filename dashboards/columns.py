"""The headings of a table's columns, and of points: the same in Grafana and in the pictures."""

from typing import Final

from dashboards.model import Panel
from dashboards.queries import Query, Shape
from telemetry.catalog import Label

STARTS: Final = "Start, in seconds from the end of the range"
"""What stands under points that are traces."""


def of_values(query: Query) -> str:
    """Return the heading over the query's values."""
    return query.name[:1].upper() + query.name[1:]


def of_label(panel: Panel, query: Query, label: Label) -> str:
    """Return a label's words, after the query's name where the label is that query's alone."""
    *_, of, last = ("", *label.attribute.split("."))
    words = (f"{of} {last}" if last == "name" else last).replace("_", " ")
    of_all = all(label in other.by for other in panel.queries)
    named = query.shape is Shape.INFORMATION and not of_all
    return f"{query.name if named else ''} {words}".strip().capitalize()


def sorted_by(panel: Panel) -> Query | None:
    """Return the query whose largest value stands first: the first that has values."""
    return next((one for one in panel.queries if one.shape is not Shape.INFORMATION), None)
