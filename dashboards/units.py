"""Grafana's units, derived from the unit that a metric declares."""

from typing import Final

from telemetry.catalog import Metric

SECONDS: Final = "s"
MICROSECONDS: Final = "µs"
BYTES: Final = "bytes"
BYTES_PER_SECOND: Final = "binBps"
SHARE: Final = "percentunit"
COUNT: Final = "short"
REQUESTS_PER_SECOND: Final = "reqps"
OPERATIONS_PER_SECOND: Final = "ops"
COUNTS_PER_SECOND: Final = "cps"

KNOWN: Final = frozenset(
    {
        SECONDS,
        MICROSECONDS,
        BYTES,
        BYTES_PER_SECOND,
        SHARE,
        COUNT,
        REQUESTS_PER_SECOND,
        OPERATIONS_PER_SECOND,
        COUNTS_PER_SECOND,
    }
)
"""What panels use of Grafana's list; a test finds each in the list of the Grafana SDK."""

_LEVELS: Final = {"s": SECONDS, "By": BYTES, "1": SHARE}
_RATES: Final = {
    # Seconds of work a second are a share of one core.
    "s": SHARE,
    "By": BYTES_PER_SECOND,
    "{request}": REQUESTS_PER_SECOND,
    "{operation}": OPERATIONS_PER_SECOND,
    "{lookup}": OPERATIONS_PER_SECOND,
}


def of_level(metric: Metric) -> str:
    """Return the unit of the metric's own values."""
    return _LEVELS.get(metric.unit, COUNT)


def of_rate(unit: str) -> str:
    """Return the unit of what is counted in `unit` (of the catalog), a second."""
    return _RATES.get(unit, COUNTS_PER_SECOND)
