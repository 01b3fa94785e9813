"""Token buckets: how often a caller may ask, as a rate with a burst on top.

They live in the process: with N replicas a caller has up to N times the rate (docs/security.md).
"""

import math
from collections import OrderedDict
from typing import Final

_SECONDS_A_MINUTE: Final = 60


class Bucket:
    """Holds up to `burst` tokens and gains `rate` a second; times are of one monotonic clock."""

    __slots__ = ("_at", "_level", "burst", "rate")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = float(burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Take one token; False where there is none."""
        level = self._level + (now - self._at) * self.rate
        burst = self.burst
        self._at = now
        if level > burst:
            level = float(burst)
        if level < 1.0:
            self._level = level
            return False
        self._level = level - 1.0
        return True

    @property
    def remaining(self) -> int:
        """How many tokens there were when the last was taken."""
        return int(self._level)

    @property
    def seconds_to_next(self) -> int:
        """Whole seconds, at least 1, until there is a token."""
        return max(1, math.ceil((1.0 - self._level) / self.rate))

    @property
    def seconds_to_full(self) -> int:
        """Whole seconds until the burst is whole again."""
        return math.ceil((self.burst - self._level) / self.rate)


class AddressBuckets:
    """A bucket for each of the client addresses that failed last; the longest quiet is forgotten.

    One of IPv6 stands for its /64, which is what one customer has.
    """

    def __init__(self, per_minute: int, most: int) -> None:
        self._per_minute = per_minute
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str, now: float) -> int:
        """Count a failure of the address; return 0, or the seconds to wait where it had too many.

        A bound of 0 a minute is none.
        """
        if not self._per_minute:
            return 0
        name = _network(address)
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = Bucket(self._per_minute / _SECONDS_A_MINUTE, self._per_minute, now)
            self._buckets[name] = bucket
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        return 0 if bucket.take(now) else bucket.seconds_to_next


def _network(address: str) -> str:
    if ":" not in address or address.startswith("::ffff:"):
        return address
    head, gap, _ = address.partition("::")
    groups = head.split(":") if head else []
    if gap:
        groups += ["0"] * (4 - len(groups))
    return ":".join(groups[:4])
