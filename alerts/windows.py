"""The burn-rate windows, as data.

A window pair fires when its long window shows that a share of the budget is really gone, and its
short one that the fault still lasts. The factor follows from the share: a fault that spends 2 % of
a 30-day budget within 1 h spends it 14.4 times as fast as the objective allows.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from alerts.durations import seconds
from alerts.naming import Severity

BASE: Final = "1m"
"""What is recorded from the raw counters; the windows sum it up. It is short because an event
counts in full only after so long."""

MINIMUM_BAD_EVENTS: Final = 10
"""Fewer in the long window are no incident, whatever their share: one failure in twenty requests
of a quiet night must not wake anyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnWindow:
    """One burn-rate alert: `long` and `short` windows and `hold` (its `for`) as durations."""

    long: str
    short: str
    budget_share: Decimal
    hold: str
    severity: Severity

    def factor(self, period_days: int) -> Decimal:
        """Return how many times too fast the budget must burn, over a period of so many days."""
        period = Decimal(seconds(f"{period_days}d"))
        return self.budget_share * period / seconds(self.long)


BURN_WINDOWS: Final = (
    BurnWindow(
        long="1h",
        short="5m",
        budget_share=Decimal("0.02"),
        hold="2m",
        severity=Severity.CRITICAL,
    ),
    BurnWindow(
        long="6h",
        short="30m",
        budget_share=Decimal("0.05"),
        hold="15m",
        severity=Severity.CRITICAL,
    ),
    BurnWindow(
        long="1d",
        short="2h",
        budget_share=Decimal("0.10"),
        hold="1h",
        severity=Severity.WARNING,
    ),
    BurnWindow(
        long="3d",
        short="6h",
        budget_share=Decimal("0.10"),
        hold="3h",
        severity=Severity.WARNING,
    ),
)
"""Fastest first: an earlier one inhibits the later ones of the same objective."""


def recorded_windows(period_days: int) -> tuple[str, ...]:
    """Return every window that is recorded, shortest first, the whole period last."""
    pairs = {window for pair in BURN_WINDOWS for window in (pair.short, pair.long)}
    return (*sorted(pairs, key=seconds), f"{period_days}d")
