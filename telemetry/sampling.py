"""Which traces are kept: decided when a trace begins, and once more for a request when it ends.

A caller's decision is followed, so that a trace is whole; how many of the callers who ask for it
are heard has a ratio of its own, since at a public edge anyone can ask. A request that fails or is
slow is kept in any case, alone where its children were not recorded.
"""

import random
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.trace import SpanContext

from telemetry.spans import RANDOM_BIT, SAMPLED_BIT, RecordedSpan

_KEPT: Final = RANDOM_BIT | SAMPLED_BIT
_ALL: Final = 1 << 64
"""Past every number that 64 bits have."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """`ratio` of the traces that begin here, `remote_ratio` of those that a caller wants kept.

    `slow_seconds`: a request of at least that long is kept whatever was decided before.
    `access_log_ratio` of the successful requests have an access line; all others always have.
    """

    ratio: float = 1.0
    remote_ratio: float = 1.0
    slow_seconds: float = 1.0
    access_log_ratio: float = 1.0
    flags_of_all: int = field(init=False, repr=False)
    """The flags of every new trace, where all are kept; else 0."""

    _bound: int = field(init=False, repr=False)
    _line_bound: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "flags_of_all", _KEPT if self.ratio >= 1 else 0)
        object.__setattr__(self, "_bound", round(self.ratio * _ALL))
        object.__setattr__(self, "_line_bound", round(self.access_log_ratio * _ALL))

    def begins(self, trace_id: bytes) -> bool:
        """Decide for a new trace; every process with the same ratio decides alike.

        The low 64 bits are compared with a bound, as the SDK's TraceIdRatioBased does.
        """
        return self._bound == _ALL or int.from_bytes(trace_id[8:], "big") < self._bound

    def flags_of(self, trace_id: bytes) -> int:
        """Return the trace flags of a new trace; its ID is random (Trace Context Level 2)."""
        return _KEPT if self.begins(trace_id) else RANDOM_BIT

    def flags_below(self, parent: SpanContext) -> int:
        """Return the trace flags of a trace that comes from a caller in another process."""
        random_bit = parent.trace_flags & RANDOM_BIT
        return random_bit | SAMPLED_BIT if self.follows(parent) else random_bit

    def follows(self, parent: SpanContext) -> bool:
        """Decide for a trace that comes from a caller in another process."""
        if not parent.trace_flags.sampled:
            return False
        return self.remote_ratio >= 1 or random.random() < self.remote_ratio  # noqa: S311  # no secret

    def writes(self, span: RecordedSpan) -> bool:
        """Decide for a successful request's access line.

        As for its trace, so that with equal ratios the lines and the traces are the same requests'.
        Not where the trace is a caller's: who chooses the ID would choose not to be written down.
        """
        if self._line_bound == _ALL:
            return True
        drawn = span.span_id if span.parent_id else span.trace_id[8:]
        return int.from_bytes(drawn, "big") < self._line_bound
