"""Context over a boundary: from a client's headers, and through a queue in a carrier.

Headers are read as W3C Trace Context Level 2 asks: from the raw bytes, bounded, and dropped whole
where malformed; one that was sent twice is dropped by the reader of the request. A carrier holds
`traceparent`, `tracestate` and `correlation_id`.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, TraceFlags

from telemetry.context import accepted_correlation_id, bound_correlation_id, correlation_id
from telemetry.tracestate import NO_STATE, TRACESTATE, Refused, parse_tracestate, untold

TRACEPARENT: Final = "traceparent"
CARRIER_CORRELATION_ID: Final = "correlation_id"

_TRACEPARENT = re.compile(
    # Version 00 ends with the flags; of a later one nothing is known but that a dash comes next.
    rb"[ \t]*(?:00(?=.{53}[ \t]*\Z)|(?!00|ff)[0-9a-f]{2})"
    rb"-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*|[ \t]*)",
    re.DOTALL,
)
_MAX_TRACEPARENT_BYTES: Final = 256
_KNOWN_FLAGS: Final = TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID
_FLAGS: Final = tuple(TraceFlags(value & _KNOWN_FLAGS) for value in range(256))


def parse_traceparent(
    raw: bytes, tracestate: bytes = b"", refused: Refused = untold
) -> SpanContext | None:
    """Return the remote span that a `traceparent` value names, or None where it is unfit.

    `tracestate` is read only beside a good `traceparent`, and being unfit takes nothing from it.
    Flags that Level 2 does not know are cleared, as it asks of what is sent on. `refused` hears
    which of the two was unfit, in whole or in part.
    """
    match = _TRACEPARENT.fullmatch(raw) if len(raw) <= _MAX_TRACEPARENT_BYTES else None
    if match is None:
        refused(TRACEPARENT)
        return None
    trace_id, span_id, flags = match.groups()
    return SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=_FLAGS[int(flags, 16)],
        trace_state=parse_tracestate(tracestate, refused) if tracestate else NO_STATE,
    )


def inject() -> dict[str, str]:
    """Return the current context as a carrier to store beside a message."""
    carrier: dict[str, str] = {}
    span_context = trace.get_current_span().get_span_context()
    if span_context.is_valid:
        carrier[TRACEPARENT] = (
            f"00-{trace.format_trace_id(span_context.trace_id)}"
            f"-{trace.format_span_id(span_context.span_id)}"
            f"-{span_context.trace_flags & _KNOWN_FLAGS:02x}"
        )
        if span_context.trace_state:
            carrier[TRACESTATE] = span_context.trace_state.to_header()
    current = correlation_id()
    if current is not None:
        carrier[CARRIER_CORRELATION_ID] = current
    return carrier


def creator_of(carrier: Mapping[str, str]) -> SpanContext | None:
    """Return the span that injected the carrier, or None."""
    return parse_traceparent(
        carrier.get(TRACEPARENT, "").encode(errors="replace"),
        carrier.get(TRACESTATE, "").encode(errors="replace"),
    )


@contextmanager
def restored(carrier: Mapping[str, str]) -> Iterator[Link | None]:
    """Bind the carrier's correlation ID for the block; yield a link to the span that sent it.

    A link, not a parent: the consumer's work is a trace of its own (semantic conventions,
    "Messaging spans"), and the correlation ID finds both.
    """
    sent_id = accepted_correlation_id(
        carrier.get(CARRIER_CORRELATION_ID, "").encode(errors="replace")
    )
    creator = creator_of(carrier)
    with bound_correlation_id(sent_id) if sent_id else nullcontext():
        yield Link(creator) if creator else None
