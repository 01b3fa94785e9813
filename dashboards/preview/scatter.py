"""Traces as points on matplotlib's axes; the slowest have their names beside them."""

from collections.abc import Iterator
from typing import Final, Literal

from matplotlib.axes import Axes

from dashboards.preview import scales
from dashboards.preview.plots import bare, value_ticks
from dashboards.preview.theme import Theme
from dashboards.preview.typeset import FAMILY, SMALL, fitting, width_of
from dashboards.preview.views import Dot, Scatter

_SIZE: Final = 8.0
_NAMED: Final = 3
_BESIDE: Final = 8.0
_TALL: Final = 16.0
"""Pixels: of a point, between it and its name, and of a line of names."""
_ROOM: Final = 0.1

Side = Literal["left", "right"]
Place = tuple[float, float, float, float]
"""Left, lower, right, upper: in pixels from the lower left."""


def draw_scatter(axes: Axes, view: Scatter, ink: Theme, size: tuple[float, float]) -> None:
    """Draw the points into axes of this size in pixels."""
    bare(axes, ink)
    left, right = _ends(view)
    top = (1 + _ROOM) * max(dot.value for dot in view.dots) or 1.0
    axes.set_xlim(left, right)
    axes.set_ylim(0, top)
    places = scales.numbers(left, right, size[0])
    axes.set_xticks([value for value, _ in places], [said for _, said in places])
    value_ticks(axes, scales.ticks(0, top, view.unit, size[1]), ink)
    for number, dot in enumerate(view.dots):
        axes.plot(
            *([dot.at], [dot.value]),
            *("o",),
            color=ink["exemplar"],
            markersize=_SIZE,
            markeredgewidth=0.8,
            markeredgecolor=ink["panel"],
            clip_on=False,
            gid=name(number),
        )
    at = [
        ((dot.at - left) / (right - left) * size[0], dot.value / top * size[1]) for dot in view.dots
    ]
    for number, text, side in _names(view.dots, at, size[0]):
        axes.annotate(
            text,
            (view.dots[number].at, view.dots[number].value),
            xytext=(_BESIDE if side == "left" else -_BESIDE, 0),
            textcoords="offset points",
            horizontalalignment=side,
            verticalalignment="center",
            fontsize=SMALL,
            family=FAMILY,
            color=ink["text"],
            parse_math=False,
        )


def name(number: int) -> str:
    """Return what the point of this number is called inside a drawing."""
    return f"trace-{number}"


def _ends(view: Scatter) -> tuple[float, float]:
    """Return the ends of the axis as Grafana has them: a tenth beyond the points, not past 0."""
    first, last = min(dot.at for dot in view.dots), max(dot.at for dot in view.dots)
    room = _ROOM * (last - first) or abs(first) or 1.0
    return first - room, min(0.0, last + room) if last <= 0 else last + room


def _names(
    dots: tuple[Dot, ...], at: list[tuple[float, float]], width: float
) -> Iterator[tuple[int, str, Side]]:
    """Yield the names of the slowest that cover neither a point nor another name.

    With each the number of its point, and which end of it is there.
    """
    half = _SIZE / 2
    taken: list[Place] = [(x - half, y - half, x + half, y + half) for x, y in at]
    for number in sorted(range(len(dots)), key=lambda one: -dots[one].value)[:_NAMED]:
        x, y = at[number]
        text = fitting(dots[number].says, SMALL, max(x, width - x) - _BESIDE)
        long = width_of(text, SMALL) + _BESIDE
        sides: tuple[tuple[Side, float], ...] = (("left", x), ("right", x - long))
        for side, start in sides:
            place = (start, y - _TALL / 2, start + long, y + _TALL / 2)
            others = [one for at_of, one in enumerate(taken) if at_of != number]
            if start >= 0 and place[2] <= width and not any(_meet(place, one) for one in others):
                taken.append(place)
                yield number, text, side
                break


def _meet(one: Place, other: Place) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
