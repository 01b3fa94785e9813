"""What stands inside a panel of a picture file, one function for each kind of view."""

import math
from typing import Final

from dashboards.preview import drawing, heat, values
from dashboards.preview.geometry import ROW, Box, legend_height, legend_lines
from dashboards.preview.pen import Pen
from dashboards.preview.typeset import fitting, width_of, with_both_ends
from dashboards.preview.views import (
    Figure,
    Figures,
    Heat,
    Items,
    Line,
    Lines,
    Nothing,
    Scatter,
    Table,
    View,
)

_TYPE: Final = 11.0
_NAME: Final = 12.5
_NUMBER: Final = 48.0
_LARGEST: Final = 40.0
_SCALE: Final = 22.0
_ITEM: Final = 38.0
_SHORT_ITEM: Final = 26.0


def draw(pen: Pen, view: View, body: Box) -> None:
    """Draw the view into the panel's body."""
    match view:
        case Lines():
            _lines(pen, view, body)
        case Figures():
            _figures(pen, view, body)
        case Heat():
            _heat(pen, view, body)
        case Scatter():
            _scatter(pen, view, body)
        case Table():
            _table(pen, view, body)
        case Items():
            _items(pen, view, body)
        case Nothing():
            text = fitting(view.says, 13, body.width)
            middle = body.left + body.width / 2, body.top + body.height / 2
            pen.write(text, *middle, size=13, role="weak", align="center")


def _lines(pen: Pen, view: Lines, body: Box) -> None:
    below = legend_height(view, body.height)
    drawing.plot(pen.paper, view, pen.ink, (body.left, body.top, body.width, body.height - below))
    top = body.top + body.height - below + 2
    if len(view.lines) == 1:
        _single_legend(pen, view.lines[0], body, top)
        return
    right = body.left + body.width - 4
    last = right - _column([line.max_text for line in view.legend])
    name = last - _column([line.last_text for line in view.legend]) - body.left - 26
    for title, end in (("Last *", last), ("Max", right)):
        pen.write(title, end, top + 12, size=_TYPE - 0.5, role="link", align="right")
    pen.write("Name", body.left + 4, top + 12, size=_TYPE - 0.5, role="link")
    room = legend_lines(view, body.height)
    shown = view.legend if len(view.legend) <= room else view.legend[: room - 1]
    for number, line in enumerate(shown, start=1):
        baseline = top + number * ROW + 12
        pen.rule(body.left, body.left + body.width, top + number * ROW, "grid")
        _key(pen, line, body.left + 4, baseline, name)
        pen.write(line.last_text, last, baseline, size=_TYPE, align="right")
        pen.write(line.max_text, right, baseline, size=_TYPE, align="right")
    if hidden := len(view.legend) - len(shown):
        baseline = top + (len(shown) + 1) * ROW + 12
        pen.rule(body.left, body.left + body.width, baseline - 12, "grid")
        pen.write(f"and {hidden} more", body.left + 22, baseline, size=_TYPE, role="weak")


def _column(texts: list[str]) -> float:
    return max(_NUMBER, *(width_of(text, _TYPE) for text in texts)) + 14


def _single_legend(pen: Pen, line: Line, body: Box, top: float) -> None:
    tail = f"Last *: {line.last_text}   Max: {line.max_text}"
    taken = _key(pen, line, body.left + 4, top + 12, body.width - width_of(tail, _TYPE) - 48)
    pen.write(tail, body.left + taken + 14, top + 12, size=_TYPE, role="weak")


def _key(pen: Pen, line: Line, left: float, baseline: float, room: float) -> float:
    """Write a series' colour and name; return the width that they took."""
    pen.block(Box(left, baseline - 5.5, 12, 3.5), line.role)
    name = with_both_ends(line.name, _TYPE, room)
    pen.write(name, left + 18, baseline, size=_TYPE)
    return 22 + width_of(name, _TYPE)


def _figures(pen: Pen, view: Figures, body: Box) -> None:
    width = body.width / len(view.figures)
    size = min(_figure_size(figure, width, body.height) for figure in view.figures)
    for number, figure in enumerate(view.figures):
        left = body.left + number * width
        middle = left + width / 2
        above, past = (0.46, 0.3) if figure.name else (0.3, 0.38)
        top = body.top + body.height * (1 - past)
        box = (left + 2, top, width - 4, body.height * past)
        drawing.past(pen.paper, view.axis, figure, pen.ink, box)
        name = fitting(figure.name, _NAME, width - 12)
        pen.write(name, middle, body.top + 12, size=_NAME, align="center")
        pen.write(
            figure.text,
            middle,
            body.top + body.height * above + size * 0.36,
            size=size,
            role=figure.role,
            weight="bold",
            align="center",
        )


def _figure_size(figure: Figure, width: float, height: float) -> float:
    by_width = (width - 16) / max(1.0, width_of(figure.text, 1, "bold"))
    return min(_LARGEST, by_width, height * (0.34 if figure.name else 0.42))


def _heat(pen: Pen, view: Heat, body: Box) -> None:
    drawing.plot(pen.paper, view, pen.ink, (body.left, body.top, body.width, body.height - _SCALE))
    most = heat.peak(view)
    top, left, width, count = body.top + body.height - 12, body.left + 44, 160.0, 32
    for cell in range(count):
        share = (cell + 1) / count
        place = Box(left + cell * width / count, top, width / count, 8)
        pen.block(place, "heat", heat.strength(share * most, most))
    pen.write("0", left - 6, top + 8, size=_TYPE - 1, role="weak", align="right")
    said = f"{values.text(most, 'ops')} in a bucket"
    pen.write(said, left + width + 6, top + 8, size=_TYPE - 1, role="weak")


def _scatter(pen: Pen, view: Scatter, body: Box) -> None:
    drawing.plot(pen.paper, view, pen.ink, (body.left, body.top, body.width, body.height - _SCALE))
    middle, bottom = body.left + body.width / 2, body.top + body.height - 6
    pen.write(view.axis, middle, bottom, size=_TYPE - 0.5, role="weak", align="center")


def _table(pen: Pen, view: Table, body: Box) -> None:
    height = ROW + 6
    widths = _columns(view, body.width)
    room = int(body.height / height) - 1
    shown = view.rows if len(view.rows) <= room else view.rows[: room - 1]
    for number, row in enumerate((view.headings, *shown)):
        top = body.top + number * height
        left = body.left
        for text, numeric, width in zip(row, view.numeric, widths, strict=True):
            role, weight = ("link", "bold") if number == 0 else ("text", "normal")
            said = fitting(text, _TYPE + 0.5, width - 14, weight)
            place = left + width - 8 if numeric else left + 6
            pen.write(
                said,
                place,
                top + 16,
                size=_TYPE + 0.5,
                role=role,
                weight=weight,
                align="right" if numeric else "left",
            )
            left += width
        pen.rule(body.left, body.left + body.width, top + height, "grid")
    if hidden := len(view.rows) - len(shown):
        baseline = body.top + (len(shown) + 1) * height + 16
        pen.write(f"and {hidden} more", body.left + 6, baseline, size=_TYPE, role="weak")


def _columns(view: Table, width: float) -> list[float]:
    """Return the columns' widths: what fits is whole, and the widest share what is left."""
    wanted = [
        max(width_of(text, _TYPE + 0.5, "bold") for text in column) + 18
        for column in zip(view.headings, *view.rows, strict=True)
    ]
    if sum(wanted) <= width:
        return [one * width / sum(wanted) for one in wanted]
    left, most = width, math.inf
    for taken, one in enumerate(sorted(wanted)):
        share = left / (len(wanted) - taken)
        if one > share:
            most = share
            break
        left -= one
    return [min(one, most) for one in wanted]


def _items(pen: Pen, view: Items, body: Box) -> None:
    height = _ITEM if any(item.state for item in view.items) else _SHORT_ITEM
    room = int(body.height / height)
    shown = view.items if len(view.items) <= room else view.items[: room - 1]
    for number, item in enumerate(shown):
        top = body.top + number * height
        right = body.left + body.width
        role = "text" if item.state else "link"
        pen.write(item.title, body.left + 8, top + 16, size=12, role=role)
        if item.state:
            pen.block(Box(body.left, top + 4, 3, height - 8), item.role)
            pen.write(item.detail, body.left + 8, top + 31, size=10.5, role="weak")
            pen.write(item.state, right - 4, top + 16, size=11.5, role=item.role, align="right")
        else:
            taken = width_of(item.title, 12) + 20
            detail = fitting(item.detail, 10.5, body.width - taken - 10)
            pen.write(detail, body.left + taken, top + 16, size=10.5, role="weak")
        pen.rule(body.left, right, top + height - 2, "grid")
    if hidden := len(view.items) - len(shown):
        baseline = body.top + len(shown) * height + 16
        pen.write(f"and {hidden} more", body.left + 8, baseline, size=_TYPE, role="weak")
