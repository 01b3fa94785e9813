"""The boards' panels over the incident: where it shows, what else moved, and all the others."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from compose.incident.chart import COLOURED, Sheet, chart
from compose.incident.elements import Content, Markup, element
from compose.incident.marks import Mark, marks
from compose.incident.model import Curve, Incident, Panel
from compose.incident.movement import LEAST_SCORE, Movement, by_movement, score
from compose.incident.scale import shown

_ALSO: Final = 4
_TALL, _SMALL = 260.0, 190.0
_WIDE, _NARROW = 1060.0, 560.0
_BEFORE, _ROOM_BEFORE = 10.0, 1.0
_UNREAD: Final = frozenset({("slos", "Budget left")})
"""Right, and yet no way to read one incident: a drill's few requests are all of the period's."""
_IN_LEGEND: Final = 6


def boards(incident: Incident) -> Iterator[Markup]:
    """Yield the section's parts."""
    drawable = [one for one in incident.panels if one.visual != "table" and one.curves]
    first = [one for one in incident.panels if one.shows_the_fault and one in drawable]
    if not drawable:
        yield element("p", "No panel was recorded.")
        return
    also = telling(incident, drawable)
    draw = _Drawer(incident)
    yield element(
        "p",
        "The shaded time is the fault's. Each number is a moment of the timeline above. "
        "A legend tells where a line was before, how far the fault took it, and where it ended.",
        class_="hint",
    )
    for panel in first:
        yield draw.panel(panel, _TALL, ("Here it shows",), "hero")
    if also:
        yield element("h3", "What else moved")
        yield element(
            "div", [draw.panel(one, _SMALL, (one.board_title,)) for one in also], class_="grid-two"
        )
    yield from draw.rest([one for one in drawable if one not in first and one not in also])


def telling(incident: Incident, panels: Sequence[Panel]) -> list[Panel]:
    """Return the panels that moved most beside the one where the fault shows."""
    ranked = [
        (score(one, incident.moments), one)
        for one in panels
        if not one.shows_the_fault
        and one.visual == "timeseries"
        and (one.board, one.title) not in _UNREAD
    ]
    ranked.sort(key=lambda pair: -pair[0])
    return [one for moved, one in ranked if moved >= LEAST_SCORE][:_ALSO]


class _Drawer:
    """Draws panels, each with an ID of its own on the page."""

    def __init__(self, incident: Incident) -> None:
        self._incident = incident
        self._marks: tuple[Mark, ...] = marks(incident.moments)
        moments = incident.moments
        first = min(
            (curve.points[0][0] for one in incident.panels for curve in one.curves),
            default=moments.began,
        )
        self._span = max(-_BEFORE, moments.began, first - _ROOM_BEFORE), moments.ended
        self._number = 0

    def panel(self, panel: Panel, height: float, above: Sequence[str], kind: str = "") -> Markup:
        self._number += 1
        named = f"panel-{self._number}"
        moved = by_movement(panel.curves, self._incident.moments)
        width = _WIDE if kind == "hero" else _NARROW
        sheet = Sheet(self._span, self._marks, height, width)
        drawing = chart(panel, [curve for curve, _ in moved], sheet, f"{named} {named}-says")
        return element(
            "figure",
            element("p", " · ".join(above), class_="above") if above else None,
            element("h4", panel.title, id=named),
            element("p", panel.answers, class_="answers"),
            element("div", drawing, class_="drawing"),
            element("figcaption", _legend(panel, moved), id=f"{named}-says"),
            class_=f"panel {kind}".strip(),
        )

    def rest(self, panels: Sequence[Panel]) -> Iterator[Markup]:
        if panels:
            yield element("h3", "Every other panel that was recorded")
        for title, of_board in groupby(panels, key=lambda one: one.board_title):
            every = list(of_board)
            drawn = [self.panel(one, _SMALL, ()) for one in every]
            yield element(
                "details",
                element("summary", title, element("span", len(every), class_="count")),
                element("div", drawn, class_="grid-two"),
            )


def _legend(panel: Panel, moved: Sequence[tuple[Curve, Movement]]) -> Content:
    if panel.heat:
        return element("p", "How many fell into each range; the darker, the more.", class_="hint")
    heads = ("", "before", "farthest", "at the end")
    rows = [
        element(
            "tr",
            element("th", element("i", class_=f"key s{number}"), curve.name, scope="row"),
            [
                element("td", _value(value, panel.unit))
                for value in (how.before, how.farthest, how.last)
            ],
        )
        for number, (curve, how) in enumerate(moved[:_IN_LEGEND])
    ]
    more = len(moved) - len(rows)
    pale = f" ({len(moved) - COLOURED} of them pale or not drawn)" if len(moved) > COLOURED else ""
    return (
        element(
            "table",
            element("thead", element("tr", [element("th", one, scope="col") for one in heads])),
            element("tbody", rows),
        ),
        element("p", f"and {more} more lines{pale}", class_="hint") if more > 0 else None,
    )


def _value(value: float | None, unit: str) -> str:
    return "\u2013" if value is None else shown(value, unit)
