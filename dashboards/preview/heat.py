"""A distribution over time on matplotlib's axes, and the scale of its colours."""

import math
from bisect import bisect_left
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dashboards.preview import values
from dashboards.preview.plots import exemplars, frame, value_ticks
from dashboards.preview.theme import Theme
from dashboards.preview.views import Heat

_EMPTY: Final = 1e-9
_EXPONENT: Final = 0.5
_FAINTEST: Final = 0.12
_ROW: Final = 16
_GAP: Final = 0.8
"""Pixels between cells."""


def draw_heat(axes: Axes, view: Heat, ink: Theme, size: tuple[float, float]) -> None:
    """Draw the buckets as rows of one height, the lowest at the bottom, as Grafana does."""
    frame(axes, view.axis, ink, size[0])
    axes.grid(visible=False)
    most = peak(view)
    step = view.axis.step
    beside = _GAP * step * view.axis.count / size[0]
    above = _GAP * len(view.rows) / size[1]
    edges = [moment - step / 2 for moment in (*view.axis.moments, view.axis.end + step)]
    for number, row in enumerate(view.rows):
        for at, value in enumerate(row):
            if math.isfinite(value) and value > _EMPTY:
                cell = Rectangle(
                    (edges[at], number),
                    step - beside,
                    1 - above,
                    facecolor=ink["heat"],
                    alpha=strength(value, most),
                    linewidth=0,
                    snap=False,
                )
                axes.add_patch(cell)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, len(view.bounds))
    every = max(1, math.ceil(len(view.bounds) * _ROW / size[1]))
    named = [
        (number + 1.0, _bound(bound, view.unit))
        for number, bound in enumerate(view.bounds)
        if number % every == 0
    ]
    value_ticks(axes, named, ink)
    points = [(moment, _height(view.bounds, value)) for moment, value in view.exemplars]
    exemplars(axes, points, ink["hot-exemplar"], ink)


def peak(view: Heat) -> float:
    """Return the strongest cell's value."""
    return max((value for row in view.rows for value in row if math.isfinite(value)), default=0.0)


def strength(value: float, most: float) -> float:
    """Return how opaque a cell is, on Grafana's exponential scale."""
    return _FAINTEST + (1 - _FAINTEST) * (value / most) ** _EXPONENT if most > 0 else 0.0


def _bound(bound: float, unit: str) -> str:
    return values.tick(bound, unit) if math.isfinite(bound) else "+Inf"


def _height(bounds: tuple[float, ...], value: float) -> float:
    """Return where a value stands among rows that are all of one height."""
    row = bisect_left(bounds, value)
    if row >= len(bounds) or math.isinf(bounds[row]):
        return min(row, len(bounds) - 1) + 0.5
    lower = bounds[row - 1] if row else 0.0
    return row + (value - lower) / (bounds[row] - lower)
