"""Context over a boundary: from a client's headers, and through a queue in a carrier.

Headers are read as W3C Trace Context Level 2 asks: from the raw bytes, bounded, and dropped whole
where malformed or sent twice. A carrier holds `traceparent`, `tracestate` and `correlation_id`.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, TraceFlags, TraceState

from telemetry.context import accepted_correlation_id, bound_correlation_id, correlation_id

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
CARRIER_CORRELATION_ID: Final = "correlation_id"

_TRACEPARENT = re.compile(
    rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[ -~]*)?", re.ASCII
)
_MAX_TRACEPARENT_BYTES: Final = 256
_MAX_TRACESTATE_BYTES: Final = 512
_MAX_TRACESTATE_MEMBERS: Final = 32


def parse_traceparent(raw: bytes, tracestate: bytes = b"") -> SpanContext | None:
    """Return the remote span that a `traceparent` value names, or None where it is unfit.

    W3C Trace Context Level 2, sections 3.2 and 4.3: version `ff` and all-zero IDs are invalid,
    version `00` has no further fields, later versions may have some.
    """
    if len(raw) > _MAX_TRACEPARENT_BYTES:
        return None
    match = _TRACEPARENT.fullmatch(raw)
    if match is None:
        return None
    version, trace_id, span_id, flags, further = match.groups()
    if version == b"ff" or (version == b"00" and further is not None):
        return None
    context = SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16) & 0x03),
        trace_state=_parse_tracestate(tracestate),
    )
    return context if context.is_valid else None


def _parse_tracestate(raw: bytes) -> TraceState:
    if not raw or len(raw) > _MAX_TRACESTATE_BYTES:
        return TraceState()
    members = raw.decode("latin-1").split(",")
    if len(members) > _MAX_TRACESTATE_MEMBERS:
        return TraceState()
    return TraceState.from_header(members)


def inject() -> dict[str, str]:
    """Return the current context as a carrier to store beside a message."""
    carrier: dict[str, str] = {}
    span_context = trace.get_current_span().get_span_context()
    if span_context.is_valid:
        carrier[TRACEPARENT] = (
            f"00-{trace.format_trace_id(span_context.trace_id)}"
            f"-{trace.format_span_id(span_context.span_id)}-{span_context.trace_flags:02x}"
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
