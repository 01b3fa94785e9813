"""Where a bound cuts, it is counted: a client's input, and the service's own signals.

The bounds themselves stand where they hold (`docs/decisions/bounds.md` lists all). Nothing here is
called as long as everything fits: each call is in the branch that cuts, refuses or drops.
"""

from collections.abc import Callable
from typing import Final

from telemetry.catalog.pipeline import INPUT_REFUSED, INPUTS, SIGNAL_BOUNDS, SIGNALS_CUT
from telemetry.metrics import Meter

Count = Callable[[str], None]
"""Told which input was refused, or which bound has cut: a value of the metric's closed label."""

BAGGAGE: Final = "baggage"
CORRELATION_ID: Final = "correlation_id"
USER_AGENT: Final = "user_agent"
HOST: Final = "host"
QUERY: Final = "query"

LOG_LINE: Final = "log_line"


def uncounted(_: str) -> None:
    """Count nothing: for callers who have no meter."""


class Bounds:
    """Counts what bounds took away; never raises on a value of the catalog."""

    def __init__(self, meter: Meter) -> None:
        self._inputs = meter.counter(INPUT_REFUSED)
        self._signals = meter.counter(SIGNALS_CUT)
        # Born at 0, or a first refusal would be no increase.
        for name in INPUTS:
            self._inputs.add(0, name)
        for name in SIGNAL_BOUNDS:
            self._signals.add(0, name)

    def refused(self, name: str) -> None:
        """Count one value of a client's that was not taken, or only in part."""
        self._inputs.add(1, name)

    def cut(self, name: str, parts: int = 1) -> None:
        """Count parts of a signal of our own that were cut or dropped."""
        self._signals.add(parts, name)
