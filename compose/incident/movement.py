"""How far the fault moved a line: its level before, its farthest while it lasted, its last value.

What moved most is what a report shows first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final

from compose.incident.model import Curve, Moments, Panel

_LAG_SECONDS: Final = 3.0
"""A rate looks back: what a fault did still shows a moment after its repair."""
_LEAST_SPREAD: Final = 0.08
_BEFORE_SECONDS: Final = 6.0
LEAST_SCORE: Final = 1.5
"""Under this a line only shakes."""
_ENDED_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Movement:
    """Values of a line; None where it had none then. `score` is 0 for a line that lay still."""

    before: float | None
    farthest: float | None
    last: float | None
    score: float


def moved(curve: Curve, moments: Moments) -> Movement:
    """Return how a line moved."""
    until = (moments.ended if moments.repaired is None else moments.repaired) + _LAG_SECONDS
    before = [value for at, value in curve.points if -_BEFORE_SECONDS <= at < 0]
    during = [value for at, value in curve.points if 0 <= at <= until]
    last = curve.points[-1][1] if curve.points else None
    level = median(before) if before else None
    if not during:
        return Movement(level, None, last, 0.0)
    rest = 0.0 if level is None else level
    farthest = max(during, key=lambda value: abs(value - rest))
    size = max([abs(value) for value in (*before, *during)])
    # A share or rate that shakes a little anyway has not moved by shaking.
    shake = max([abs(value - rest) for value in before], default=0.0)
    score = abs(farthest - rest) / (shake + _LEAST_SPREAD * size) if size else 0.0
    return Movement(level, farthest, last, score)


def by_movement(curves: Iterable[Curve], moments: Moments) -> list[tuple[Curve, Movement]]:
    """Return the lines, those that went farthest first."""
    every = [(curve, moved(curve, moments)) for curve in curves]
    return sorted(every, key=lambda pair: -_distance(pair[1]))


def score(panel: Panel, moments: Moments) -> float:
    """Return how much a panel has to show: as much as its line that moved most."""
    return max((moved(curve, moments).score for curve in panel.curves), default=0.0)


def has_moved(panel: Panel, moments: Moments) -> bool:
    """Tell whether a line of the panel moved, or ended: what is gone is no longer measured."""
    if score(panel, moments) >= LEAST_SCORE:
        return True
    return any(_ended(curve, moments) for curve in panel.curves)


def _ended(curve: Curve, moments: Moments) -> bool:
    until = moments.ended if moments.repaired is None else moments.repaired
    before = any(-_BEFORE_SECONDS <= at < 0 for at, _ in curve.points)
    return before and not any(until - _ENDED_SECONDS <= at <= until for at, _ in curve.points)


def _distance(one: Movement) -> float:
    return 0.0 if one.farthest is None else abs(one.farthest - (one.before or 0.0))
