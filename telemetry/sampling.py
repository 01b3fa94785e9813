"""Which traces are kept: decided when a trace begins, and once more for a request when it ends.

A caller's decision is followed, so that a trace is whole; how many of the callers who ask for it
are heard has a ratio of its own, since at a public edge anyone can ask. A request that fails or is
slow is kept in any case, alone where its children were not recorded.
"""

import random
from dataclasses import dataclass
from typing import Final

from opentelemetry.trace import SpanContext

_LOW_64_BITS: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Sampling:
    """`ratio` of the traces that begin here, `remote_ratio` of those that a caller wants kept.

    `slow_seconds`: a request of at least that long is kept whatever was decided before.
    """

    ratio: float = 1.0
    remote_ratio: float = 1.0
    slow_seconds: float = 1.0

    def begins(self, trace_id: int) -> bool:
        """Decide for a new trace; every process with the same ratio decides alike.

        The low 64 bits are compared with a bound, as the SDK's TraceIdRatioBased does.
        """
        return (trace_id & _LOW_64_BITS) < round(self.ratio * (_LOW_64_BITS + 1))

    def follows(self, parent: SpanContext) -> bool:
        """Decide for a trace that comes from a caller in another process."""
        if not parent.trace_flags.sampled:
            return False
        return self.remote_ratio >= 1 or random.random() < self.remote_ratio  # noqa: S311  # no secret

    def keeps(self, *, failed: bool, seconds: float) -> bool:
        """Decide once more for a request that has ended and was not to be kept."""
        return failed or seconds >= self.slow_seconds
