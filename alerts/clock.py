"""The time scale: the only thing that differs between the shipped rules and a drill's.

At scale 60 an hour takes a minute. What cannot shrink has a floor: a range needs its scrapes, and a
process its seconds to start, at any scale.
"""

from dataclasses import dataclass
from typing import Final

from alerts.durations import duration, seconds
from alerts.windows import BURN_WINDOWS

SCRAPE: Final = "15s"
EVALUATION: Final = "30s"
RESEND: Final = "1m"
_SHORTEST: Final = 1
_SHORTEST_RESEND: Final = 5
_SCRAPES_IN_A_RANGE: Final = 4
"""`increase` needs two; a late and a failed one leave it those."""
RESTART_SECONDS: Final = 10
"""What a process may take to start before its absence says anything, in real seconds."""
RETRIES_SECONDS: Final = 20
"""More, in real seconds, than all tries at a batch of spans take, after which it is lost."""


class ScaleError(ValueError):
    """Time cannot be compressed that far."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Nominal durations to real ones; every method returns a duration as Prometheus writes it."""

    scale: int = 1

    def __post_init__(self) -> None:
        if self.scale < 1:
            message = f"a scale is a whole number from 1 up, not {self.scale}"
            raise ScaleError(message)
        for pair in BURN_WINDOWS:
            if seconds(self.window(pair.short)) >= seconds(self.window(pair.long)):
                message = f"at scale {self.scale} the {pair.long} window is as short as its partner"
                raise ScaleError(message)

    @property
    def scrape_interval(self) -> str:
        """How often Prometheus has to scrape for these rules."""
        return self.pause(SCRAPE)

    @property
    def evaluation_interval(self) -> str:
        """How often the rules are evaluated; each group states it."""
        return self.pause(EVALUATION)

    @property
    def resend_delay(self) -> str:
        """What Prometheus must be given as `--rules.alert.resend-delay`.

        An alert that fires before Alertmanager is found is told again only after so long; one that
        is not told again for four times as long is taken for resolved.
        """
        return self._scaled(RESEND, _SHORTEST_RESEND)

    def pause(self, nominal: str) -> str:
        """Scale an interval; at least 1 s."""
        return self._scaled(nominal, _SHORTEST)

    def window(self, nominal: str, floor: int = _SHORTEST) -> str:
        """Scale a range; at least four scrapes, and never under `floor` seconds."""
        scrapes = _SCRAPES_IN_A_RANGE * seconds(self.scrape_interval)
        return self._scaled(nominal, max(floor, scrapes))

    def hold(self, nominal: str, floor: int = _SHORTEST) -> str:
        """Scale a `for`; at least two scrapes, and never under `floor` seconds."""
        return self._scaled(nominal, max(floor, 2 * seconds(self.scrape_interval)))

    def _scaled(self, nominal: str, floor: int) -> str:
        return duration(max(floor, -(-seconds(nominal) // self.scale)))
