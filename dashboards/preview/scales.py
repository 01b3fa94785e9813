"""Where the ticks of an axis stand: on round moments, on values that are round in their unit."""

import math
from datetime import UTC, datetime
from typing import Final

from matplotlib.ticker import MaxNLocator

from dashboards import units
from dashboards.preview import values
from dashboards.preview.typeset import SMALL, width_of
from dashboards.preview.views import Axis, Lines

_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MINUTE: Final = 60
_HEADROOM: Final = 1.04
_PER_TIME: Final = 78
_PER_VALUE: Final = 28


def times(axis: Axis, width: float) -> list[tuple[float, str]]:
    """Return moments and their names (UTC), as many as fit into so many pixels, edges free."""
    least = (axis.end - axis.start) / max(1.0, width / _PER_TIME)
    step = next((one for one in _STEPS if one >= least), _STEPS[-1])
    form = "%H:%M:%S" if step < _MINUTE else "%H:%M"
    half = width_of(form.replace("%", "0"), SMALL) / 2
    edge = half * (axis.end - axis.start) / width
    first = math.ceil((axis.start + edge) / step)
    last = int((axis.end - edge) / step)
    return [
        (moment * step, datetime.fromtimestamp(moment * step, UTC).strftime(form))
        for moment in range(first, last + 1)
    ]


def ticks(low: float, high: float, unit: str, height: float) -> list[tuple[float, str]]:
    """Return the values and texts of an axis between the two, one to about 30 pixels."""
    by = values.factor(max(abs(low), abs(high)), unit)
    whole = unit == units.COUNT and high - low >= 1 and by == 1
    locator = MaxNLocator(
        nbins=max(2, int(height / _PER_VALUE)), steps=[1, 2, 2.5, 5, 10], integer=whole
    )
    slack = (high - low) * 1e-6
    found = (float(tick) * by for tick in locator.tick_values(low / by, high / by))
    return [(one, values.tick(one, unit)) for one in found if low - slack <= one <= high + slack]


def numbers(low: float, high: float, width: float) -> list[tuple[float, str]]:
    """Return plain numbers and their texts for an axis across, as many as fit."""
    locator = MaxNLocator(nbins=max(2, int(width / _PER_TIME)), steps=[1, 2, 2.5, 5, 10])
    found = (float(tick) for tick in locator.tick_values(low, high))
    return [(one, f"{one:.6g}") for one in found if low <= one <= high]


def limits(view: Lines, low: float, high: float) -> tuple[float, float]:
    """Return the ends of the value axis for data between `low` and `high`."""
    bottom = low if view.minimum is None else min(view.minimum, low)
    top = high if view.maximum is None else view.maximum
    if top <= bottom:
        # A flat line: Grafana leaves it room above, or below where the top is given.
        if view.maximum is not None:
            return top - 0.1 * (abs(top) or 1), top
        return bottom, bottom + (abs(bottom) or 1)
    room = (top - bottom) * (_HEADROOM - 1)
    return (
        bottom - room if view.minimum is None else bottom,
        top + room if view.maximum is None else top,
    )
