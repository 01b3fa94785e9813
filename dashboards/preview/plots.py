"""What is plotted, on matplotlib's axes: lines over time and the past behind a large value."""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from matplotlib.axes import Axes

from dashboards.preview import scales, theme
from dashboards.preview.theme import Theme
from dashboards.preview.typeset import FAMILY, SMALL
from dashboards.preview.views import Axis, Figure, Line, Lines

_DIAMOND: Final = "D"
_STACKED_ALPHA: Final = 0.4
_ALPHA: Final = 0.08


def draw_lines(axes: Axes, view: Lines, ink: Theme, size: tuple[float, float]) -> None:
    """Draw a time series panel into axes of this size in pixels."""
    moments = view.axis.moments
    floors, tops = _piled(view)
    shown = [value for top in tops for value in top if math.isfinite(value)]
    low, high = scales.limits(view, min(shown), max(shown))
    frame(axes, view.axis, ink, size[0])
    axes.set_ylim(low, high)
    value_ticks(axes, scales.ticks(low, high, view.unit, size[1]), ink)
    for start, end in view.fired:
        axes.axvspan(start, end, color=ink["bad"], alpha=0.05, linewidth=0)
        axes.axvline(start, color=ink["bad"], alpha=0.7, linewidth=0.8, dashes=(3, 3))
    for step in view.steps:
        if step.start is not None and low <= step.start <= high:
            colour = ink[theme.OF_STEP[step.colour]]
            axes.axhline(step.start, color=colour, linewidth=1, alpha=0.8, dashes=(6, 4))
    for line, floor, top in zip(view.lines, floors, tops, strict=True):
        colour = ink[line.role]
        alpha = _STACKED_ALPHA if view.stacked else _ALPHA
        base = floor if view.stacked else [max(low, min(0.0, high))] * len(top)
        axes.fill_between(moments, base, top, color=colour, alpha=alpha, linewidth=0)
        axes.plot(moments, top, color=colour, linewidth=1.2, solid_joinstyle="round")
        alone = [(moments[at], top[at]) for at in _alone(top)]
        axes.plot(
            *([x for x, _ in alone], [y for _, y in alone]),
            *("o",),
            color=colour,
            markersize=2.5,
            markeredgewidth=0,
        )
    exemplars(axes, [(x, min(y, high)) for x, y in view.exemplars], ink["exemplar"], ink)


def draw_past(axes: Axes, axis: Axis, figure: Figure, ink: Theme) -> None:
    """Draw how a figure came to be what it is, without any scale."""
    axes.set_axis_off()
    axes.patch.set_alpha(0)
    known = [value for value in figure.values if math.isfinite(value)]
    low, high = min(known), max(known)
    room = (high - low) or abs(high) or 1
    axes.set_xlim(axis.start, axis.end)
    # What never moved is a line through the middle.
    axes.set_ylim(
        low - (0.05 if high > low else 1) * room, high + (0.1 if high > low else 1) * room
    )
    colour = ink[figure.role]
    bottom = axes.get_ylim()[0]
    axes.fill_between(
        axis.moments, [bottom] * axis.count, figure.values, color=colour, alpha=0.16, linewidth=0
    )
    axes.plot(axis.moments, figure.values, color=colour, linewidth=1.2, alpha=0.9)


def frame(axes: Axes, axis: Axis, ink: Theme, width: float) -> None:
    """Leave nothing of matplotlib's own looks, and put the moments under the axes."""
    bare(axes, ink)
    axes.set_xlim(axis.start, axis.end)
    places = scales.times(axis, width)
    axes.set_xticks([moment for moment, _ in places], [name for _, name in places])


def bare(axes: Axes, ink: Theme) -> None:
    """Take matplotlib's own looks away."""
    axes.patch.set_alpha(0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, pad=4, colors=ink["weak"], labelsize=SMALL, labelfontfamily=FAMILY)
    axes.grid(visible=True, color=ink["grid"], linewidth=0.8)
    axes.set_axisbelow(True)


def value_ticks(axes: Axes, places: Sequence[tuple[float, str]], ink: Theme) -> None:
    """Put the values beside the axes."""
    axes.set_yticks([value for value, _ in places], [name for _, name in places])
    axes.tick_params(axis="y", colors=ink["weak"])


def exemplars(axes: Axes, points: Sequence[tuple[float, float]], colour: str, ink: Theme) -> None:
    """Draw the marks that lead to a trace."""
    axes.plot(
        *([x for x, _ in points], [y for _, y in points]),
        *(_DIAMOND,),
        color=colour,
        markersize=3.6,
        markeredgewidth=0.5,
        markeredgecolor=ink["panel"],
        alpha=0.9,
        clip_on=False,
    )


def _piled(view: Lines) -> tuple[list[Sequence[float]], list[Sequence[float]]]:
    """Return the lower and upper edge of each line; only what is stacked stands on another."""
    if not view.stacked:
        return [line.values for line in view.lines], [line.values for line in view.lines]
    heights = list(accumulate(map(_without_gaps, view.lines), _added))
    empty = [0.0] * view.axis.count
    return [empty, *heights[:-1]], [*heights]


def _without_gaps(line: Line) -> list[float]:
    return [value if math.isfinite(value) else 0.0 for value in line.values]


def _added(below: list[float], above: list[float]) -> list[float]:
    return [one + other for one, other in zip(below, above, strict=True)]


def _alone(points: Sequence[float]) -> list[int]:
    """Return the places of values with a gap on both sides, which no line would show."""
    gaps = [True, *(math.isnan(value) for value in points), True]
    return [at for at in range(len(points)) if gaps[at] and not gaps[at + 1] and gaps[at + 2]]
