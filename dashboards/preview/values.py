"""Values as Grafana writes them, for the units that the boards use."""

import math
from typing import Final

from dashboards import units

_SECONDS: Final = (
    (1e-9, "ns"),
    (1e-6, "µs"),
    (1e-3, "ms"),
    (1.0, "s"),
    (60.0, "mins"),
    (3_600.0, "hours"),
    (86_400.0, "days"),
    (604_800.0, "weeks"),
    (31_536_000.0, "years"),
)
_FACTORS: Final = {
    units.SECONDS: _SECONDS,
    units.MICROSECONDS: tuple((by * 1e6, unit) for by, unit in _SECONDS),
    units.BYTES: tuple(
        (1024.0**power, unit) for power, unit in enumerate(("B", "KiB", "MiB", "GiB", "TiB"))
    ),
}
_SUFFIXES: Final = {
    units.COUNT: "",
    units.REQUESTS_PER_SECOND: "req/s",
    units.OPERATIONS_PER_SECOND: "ops/s",
    units.COUNTS_PER_SECOND: "c/s",
}
_DIGITS: Final = 2


def text(value: float, unit: str) -> str:
    """Return the value with its unit, in three digits that count, or whole."""
    number, suffix = _scaled(value, unit)
    return _joined(f"{number:.{_decimals(number)}f}", suffix)


def tick(value: float, unit: str) -> str:
    """Return the value for an axis: as short as it is exact."""
    number, suffix = _scaled(value, unit)
    return _joined(f"{number:.5g}", suffix)


def factor(value: float, unit: str) -> float:
    """Return what a round step is a multiple of, for an axis that goes up to the value."""
    if unit == units.SHARE:
        return 0.01
    return _fitting(abs(value), _factors(unit))[0]


def _scaled(value: float, unit: str) -> tuple[float, str]:
    if unit == units.SHARE:
        return value * 100, "%"
    if value == 0:
        return 0.0, next(suffix for by, suffix in _factors(unit) if by == 1)
    by, suffix = _fitting(abs(value), _factors(unit))
    return value / by, suffix


def _factors(unit: str) -> tuple[tuple[float, str], ...]:
    if unit == units.BYTES_PER_SECOND:
        return tuple((by, f"{suffix}/s") for by, suffix in _FACTORS[units.BYTES])
    if unit in _FACTORS:
        return _FACTORS[unit]
    suffix = _SUFFIXES[unit]
    prefixes = ("", "K", "M", "B", "T") if suffix else ("", "K", "Mil", "Bil", "Tri")
    return tuple(
        (1000.0**power, f"{prefix} {suffix}".strip()) for power, prefix in enumerate(prefixes)
    )


def _fitting(size: float, factors: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    # What rounds up to the next factor is written in it: 1 s, not 1000 ms.
    return next((one for one in reversed(factors) if size >= one[0] * (1 - 5e-4)), factors[0])


def _decimals(number: float) -> int:
    if number == int(number):
        return 0
    # Of what is written: 0.9999 is 1.00, not 1.000.
    written = abs(float(f"{number:.{_DIGITS + 1}g}"))
    return max(0, _DIGITS - math.floor(math.log10(written)))


def _joined(number: str, suffix: str) -> str:
    return f"{number}{suffix}" if suffix in {"", "%"} else f"{number} {suffix}"
