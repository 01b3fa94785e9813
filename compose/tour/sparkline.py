"""A line over time as one line of text, and under it where the moments are."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from compose.incident.model import Points

_LEVELS: Final = "▁▂▃▄▅▆▇█"


def sparkline(points: Points, start: float, end: float, width: int, most: float) -> str:
    """Return the highest value of each slice of time as a bar; `most` is a whole one."""
    slots: list[float | None] = [None] * width
    for at, value in points:
        if start <= at <= end:
            slot = _slot(at, start, end, width)
            slots[slot] = value if slots[slot] is None else max(slots[slot] or 0.0, value)
    return "".join(" " if value is None else _bar(value, most) for value in _filled(slots))


def ruler(moments: Iterable[tuple[float, str]], start: float, end: float, width: int) -> str:
    """Return the one-letter marks at their moments."""
    places = [" "] * width
    for at, letter in moments:
        places[_slot(at, start, end, width)] = letter
    return "".join(places).rstrip()


def _slot(at: float, start: float, end: float, width: int) -> int:
    share = (at - start) / ((end - start) or 1.0)
    return min(width - 1, max(0, math.floor(share * width)))


def _filled(slots: Sequence[float | None]) -> Iterable[float | None]:
    """Yield the slots; one without a sample of its own between two that have one takes the left."""
    last: float | None = None
    for number, value in enumerate(slots):
        ahead = any(later is not None for later in slots[number + 1 : number + 3])
        last = value if value is not None else last if ahead else None
        yield last


def _bar(value: float, most: float) -> str:
    if most <= 0 or value <= 0:
        return _LEVELS[0]
    return _LEVELS[min(len(_LEVELS) - 1, math.ceil(value / most * len(_LEVELS)) - 1)]
