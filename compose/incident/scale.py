"""From moments and values to places on a drawing, with round steps between."""

import math
from dataclasses import dataclass
from typing import Final

from dashboards import units
from dashboards.preview import values

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_CLOCK: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart stands on its drawing, and from what to what it goes."""

    left: float
    top: float
    width: float
    height: float
    start: float
    end: float
    low: float = 0.0
    high: float = 1.0

    def x(self, moment: float) -> float:
        """Return how far to the right a moment is; what is outside stands at the edge."""
        share = (moment - self.start) / ((self.end - self.start) or 1.0)
        return self.left + self.width * min(1.0, max(0.0, share))

    def y(self, value: float) -> float:
        """Return how far down a value is."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.top + self.height * (1 - min(1.0, max(0.0, share)))

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


def round_steps(low: float, high: float, unit: str, most: int = 4) -> list[float]:
    """Return round values from at or below `low` to at or above `high`."""
    factor = values.factor(max(abs(low), abs(high)), unit) if unit in units.KNOWN else 1.0
    rough = max((high - low) / factor / most, 1e-12)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * one for one in _STEPS if size * one >= rough * (1 - 1e-9)) * factor
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def seconds_steps(start: float, end: float, most: int) -> list[int]:
    """Return round moments between two."""
    step = next((one for one in _CLOCK if (end - start) / one <= most), _CLOCK[-1])
    return list(range(math.ceil(start / step) * step, math.floor(end) + 1, step))


def shown(value: float, unit: str) -> str:
    """Return a value with its unit, as the boards write it."""
    return values.text(value, unit) if unit in units.KNOWN else f"{value:.3g}"


def tick(value: float, unit: str) -> str:
    """Return a value for an axis."""
    return values.tick(value, unit) if unit in units.KNOWN else f"{value:.3g}"


def offset(seconds: float) -> str:
    """Return a moment as it stands to the fault: `+5.8 s`."""
    # What rounds to nothing has no sign.
    return f"{round(seconds, 1) + 0.0:+.1f} s".replace("-", "\u2212")
