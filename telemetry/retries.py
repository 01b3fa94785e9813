"""When to try a batch again: exponential pauses with jitter, as OTLP/HTTP asks ("Throttling").

Without jitter, the processes that a collector's restart cut off would all return at once.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retries:
    """Pauses double from `first_seconds`; after `most` of them a batch is given up.

    A pause that the collector asks for is kept, up to `longest_asked_seconds`: a stranger's header
    must not stop the export.
    """

    first_seconds: float = 0.25
    most: int = 6
    longest_asked_seconds: float = 30.0
    random: Callable[[], float] = random.random

    def pause(self, failures: int, asked_seconds: float | None = None) -> float | None:
        """Return the seconds before the next attempt after that many failures; None: give up."""
        if failures > self.most:
            return None
        longest = self.first_seconds * (1 << (failures - 1))
        drawn = longest * (1 + self.random()) / 2
        if asked_seconds is None:
            return drawn
        return min(max(asked_seconds, drawn), self.longest_asked_seconds)
