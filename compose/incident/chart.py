"""A panel as a drawing: lines or a heatmap over the incident, with its moments marked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from compose.incident import scale
from compose.incident.elements import Markup, element, joined
from compose.incident.marks import Mark, drawn
from compose.incident.model import Curve, Panel, Points
from compose.incident.scale import Frame

COLOURED: Final = 8
"""How many lines have a colour; of the others some are drawn pale."""
_MOST_PALE: Final = 16
_GAP_SECONDS: Final = 2.5
_LEFT, _RIGHT, _TOP, _FOOT = 62.0, 14.0, 26.0, 24.0
_BADGES: Final = 10.0
_CELL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a panel is drawn on: its size, the time that it shows, the moments to mark."""

    span: tuple[float, float]
    marks: Sequence[Mark]
    height: float
    width: float = 560.0


def chart(panel: Panel, curves: Sequence[Curve], sheet: Sheet, named: str) -> Markup:
    """Return the drawing; `curves` are the panel's, the most telling first."""
    frame, steps = _framed(panel, curves, sheet)
    inside = _heat(panel, frame) if panel.heat else _lines(curves, frame)
    return element(
        "svg",
        _axes(frame, steps),
        drawn(sheet.marks, frame, _BADGES),
        inside,
        _exemplars(panel, frame),
        viewBox=f"0 0 {sheet.width:.0f} {sheet.height:.0f}",
        class_="chart",
        role="img",
        aria_labelledby=named,
    )


def _framed(
    panel: Panel, curves: Sequence[Curve], sheet: Sheet
) -> tuple[Frame, list[tuple[float, str]]]:
    span = sheet.span
    room = (_LEFT, _TOP, sheet.width - _LEFT - _RIGHT, sheet.height - _TOP - _FOOT)
    if panel.heat:
        bounds = panel.heat.bounds
        every = max(1, len(bounds) // 6)
        named = [
            (number + 1.0, scale.tick(bound, panel.unit))
            for number, bound in enumerate(bounds)
            if number % every == 0 and bound != float("inf")
        ]
        return Frame(*room, *span, 0.0, float(len(bounds))), named
    values = [value for curve in curves for at, value in curve.points if span[0] <= at <= span[1]]
    low, high = min([0.0, *values]), max([0.0, *values])
    steps = scale.round_steps(low, high if high > low else low + 1.0, panel.unit)
    named = [(step, scale.tick(step, panel.unit)) for step in steps]
    return Frame(*room, *span, steps[0], steps[-1]), named


def _axes(frame: Frame, steps: Iterable[tuple[float, str]]) -> Markup:
    across = (
        (
            element(
                "path", d=f"M{frame.left:.0f} {frame.y(at):.1f}H{frame.right:.0f}", class_="grid"
            ),
            element("text", word, x=frame.left - 7, y=frame.y(at) + 3.5, text_anchor="end"),
        )
        for at, word in steps
    )
    moments = (
        element(
            "text", "0" if at == 0 else f"{at:+d} s".replace("-", "\u2212"),
            x=frame.x(at), y=frame.bottom + 16, text_anchor="middle",
        )
        for at in scale.seconds_steps(frame.start, frame.end, 7)
    )  # fmt: skip
    return element("g", across, moments, class_="axes")


def _lines(curves: Sequence[Curve], frame: Frame) -> Markup:
    pale = [
        element("path", d=_path(one.points, frame), class_="line pale")
        for one in curves[COLOURED : COLOURED + _MOST_PALE]
    ]
    bright = [
        element("path", d=_path(one.points, frame), class_=f"line s{number}")
        for number, one in enumerate(curves[:COLOURED])
    ]
    return joined((pale, reversed(bright)))


def _path(points: Points, frame: Frame) -> str:
    words, last = [], None
    for at, value in points:
        if not frame.start <= at <= frame.end:
            continue
        begins = last is None or at - last > _GAP_SECONDS
        # A line of no length shows as a dot where its ends are round.
        dot = "h.01" if begins else ""
        words.append(f"{'M' if begins else 'L'}{frame.x(at):.1f} {frame.y(value):.1f}{dot}")
        last = at
    return "".join(words)


def _heat(panel: Panel, frame: Frame) -> Markup:
    if panel.heat is None:
        return Markup("")
    most = max([value for row in panel.heat.rows for value in row.values()], default=0.0)
    cells = [
        element(
            "rect", x=frame.x(at), y=frame.y(number + 1.0),
            width=max(1.0, frame.x(at + _CELL_SECONDS) - frame.x(at) + 0.3),
            height=frame.y(number) - frame.y(number + 1.0),
            opacity=0.15 + 0.85 * (value / most) ** 0.5,
        )
        for number, row in enumerate(panel.heat.rows)
        for at, value in row.items()
        if value > most * 0.005 and frame.start <= at <= frame.end
    ]  # fmt: skip
    return element("g", cells, class_="heat")


def _highest_each_second(panel: Panel, frame: Frame) -> Iterable[tuple[float, float, str]]:
    """Return what stands out: all of them would hide the lines."""
    slots: dict[int, tuple[float, float, str]] = {}
    for one in panel.exemplars:
        slot = int(one[0])
        within = frame.start <= one[0] <= frame.end and frame.low <= one[1] <= frame.high
        if within and (slot not in slots or one[1] > slots[slot][1]):
            slots[slot] = one
    return slots.values()


def _exemplars(panel: Panel, frame: Frame) -> Markup:
    if panel.heat:
        return Markup("")
    dots = [
        element(
            "g",
            element("title", f"exemplar: trace {trace_id}"),
            element("circle", cx=frame.x(at), cy=frame.y(value), r=2.6),
        )
        for at, value, trace_id in _highest_each_second(panel, frame)
    ]
    return element("g", dots, class_="exemplars") if dots else Markup("")
