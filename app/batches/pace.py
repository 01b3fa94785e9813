"""How much of a file to write at once: as much as the database takes in a good time.

No sleeps between portions: the next is read while this one is written, and waits for it. A busy
pool or a slow database makes the portions smaller, an idle one larger.
"""

import random
from typing import Final

SMALLEST_BYTES: Final = 32 * 1024
LARGEST_BYTES: Final = 1024 * 1024
TARGET_SECONDS: Final = 0.1
_FIRST_BYTES: Final = 128 * 1024
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0


class Pace:
    """The size of the next portion (bytes), and the pause after a failure (seconds)."""

    def __init__(self) -> None:
        self.size = _FIRST_BYTES
        self._failures = 0

    def committed(self, seconds: float, *, was_full: bool) -> None:
        """Learn from a portion that took so long, the wait for a connection included."""
        self._failures = 0
        if seconds > TARGET_SECONDS:
            factor = max(0.5, TARGET_SECONDS / seconds)
        elif was_full:
            factor = min(2.0, TARGET_SECONDS / max(seconds, 1e-6))
        else:
            return  # a small portion says nothing about a larger one
        self.size = max(SMALLEST_BYTES, min(LARGEST_BYTES, round(self.size * factor)))

    def failed(self) -> float:
        """Learn from a portion that was not taken; return how long to leave the database alone."""
        self._failures += 1
        self.size = max(SMALLEST_BYTES, self.size // 2)
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * (1 << min(self._failures, 10)))
        return longest * random.uniform(0.5, 1)  # noqa: S311  # not a secret: replicas keep apart
