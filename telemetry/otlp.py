"""Spans as OTLP protobuf, for a collector; `telemetry.otlp_json` writes them for a file.

OTLP 1.x, `opentelemetry/proto/trace/v1/trace.proto`. The field numbers below are that file's.
Encoding takes a span as it is, once, without protobuf objects in between; `make bench` measures it
against the SDK's own encoder and a test decodes it with the official classes. Here is the boundary:
attributes that are not on the allow-list, events and descriptions of failures end here, and of a
caller's `tracestate` all but how the trace was sampled.
"""

import re
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, StatusCode, TraceState

from telemetry.allow_list import AllowList
from telemetry.catalog import CORRELATION_ID
from telemetry.otlp_attributes import AttributeEncoder, encode_resource, head_of_text
from telemetry.protobuf import (
    LENGTH_DELIMITED,
    Parts,
    embedded,
    fixed32,
    fixed64,
    integer,
    length_delimited,
    tag,
    text,
    varint,
)
from telemetry.spans import RecordedSpan

_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200

# Heads of the fields that every span has and whose size is constant.
_TRACE_ID: Final = length_delimited(1, bytes(16))[:-16]
_SPAN_ID: Final = length_delimited(2, bytes(8))[:-8]
_PARENT_SPAN_ID: Final = length_delimited(4, bytes(8))[:-8]
_START_TIME: Final = fixed64(7, 0)[:1]
_END_TIME: Final = fixed64(8, 0)[:1]
_FLAGS: Final = fixed32(16, 0)[:2]
_UNSET: Final = StatusCode.UNSET  # an enum looks its members up anew each time
_fixed: Final = struct.Struct("<cQcQ2sI").pack

_SAMPLING = re.compile(r"(?:th|rv):[0-9a-f]{1,14}")
"""OpenTelemetry's own members of its `tracestate` entry: threshold and randomness."""


def encode_request(
    resource: Resource, spans: Sequence[ReadableSpan], encoder: "SpanEncoder | None" = None
) -> bytes:
    """Return an ExportTraceServiceRequest with the SDK's spans of one process."""
    encode = (encoder or SpanEncoder(AllowList())).foreign
    groups = ((scope, [encode(span) for span in of_scope]) for scope, of_scope in _by_scope(spans))
    return b"".join(request_parts(resource, groups).parts)


def request_parts(
    resource: Resource, groups: Iterable[tuple[InstrumentationScope, Iterable[bytes]]]
) -> Parts:
    """Return an ExportTraceServiceRequest of spans that are encoded already, by their scope.

    In parts: joining thousands of spans at once keeps every request waiting.
    """
    of_resource = length_delimited(1, encode_resource(resource.attributes))
    scopes = (_scope_spans(scope, spans) for scope, spans in groups)
    tail = Parts.of([text(3, resource.schema_url)])
    return embedded(1, Parts.of([of_resource]), *scopes, tail)


def _by_scope(
    spans: Sequence[ReadableSpan],
) -> Iterable[tuple[InstrumentationScope, Iterable[ReadableSpan]]]:
    return groupby(sorted(spans, key=lambda span: scope_of(span).name), key=scope_of)


def scope_of(span: ReadableSpan) -> InstrumentationScope:
    """Return the instrumentation that made a span of the SDK."""
    return span.instrumentation_scope or InstrumentationScope("unknown")


def _scope_spans(scope: InstrumentationScope, spans: Iterable[bytes]) -> Parts:
    head = length_delimited(1, text(1, scope.name) + text(2, scope.version or ""))
    return embedded(2, Parts.of([head, *spans, text(3, scope.schema_url or "")]))


class SpanEncoder:
    """Encodes spans, each as the field of a ScopeSpans."""

    def __init__(self, allowed: AllowList) -> None:
        self.allowed = allowed
        self._attributes = AttributeEncoder(allowed)

    def recorded(self, span: RecordedSpan) -> bytes:  # noqa: C901  # a branch a field that few have
        """Return one of our own spans, encoded."""
        flags = span.flags | _HAS_IS_REMOTE
        if span.parent_is_remote:
            flags |= _IS_REMOTE
        parts = [
            _TRACE_ID,
            span.trace_id,
            _SPAN_ID,
            span.span_id,
            _name_and_kind(span.name, span.kind._value_ + 1),  # `value` itself is a call
            _fixed(_START_TIME, span.start_time, _END_TIME, span.end_time, _FLAGS, flags),
        ]
        for shared in span.shared:
            if shared.encoded is None:
                shared.encoded, _ = self._attributes.of_span(shared)
            parts.append(shared.encoded)
        if span.correlation_id:
            correlation = span.correlation_id.encode()
            parts += (head_of_text(CORRELATION_ID, len(correlation)), correlation)
        left_out = span.dropped_attributes
        if span.attributes:
            left_out += self._attributes.append_to(parts, span.attributes)
        if span.parent_id:
            parts += (_PARENT_SPAN_ID, span.parent_id)
        if span.status_code is not _UNSET:
            parts.append(length_delimited(15, integer(3, span.status_code.value)))
        if span.trace_state:
            parts.append(_state(span.trace_state))
        if span.links:
            parts.extend(length_delimited(13, self._link(link)) for link in span.links)
            if span.dropped_links:
                parts.append(integer(14, span.dropped_links))
        if left_out:
            parts.append(integer(10, left_out))
        encoded = b"".join(parts)
        return _head(len(encoded)) + encoded

    def foreign(self, span: ReadableSpan) -> bytes:
        """Return a span of the SDK, encoded."""
        context = context_of(span)
        status = span.status.status_code.value
        attributes, left_out = self._attributes.of_span(span.attributes or {})
        parts = [
            _TRACE_ID,
            context.trace_id.to_bytes(16, "big"),
            _SPAN_ID,
            context.span_id.to_bytes(8, "big"),
            _name_and_kind(span.name, span.kind.value + 1),
            _fixed(
                *(_START_TIME, span.start_time or 0, _END_TIME, span.end_time or 0),
                *(_FLAGS, context.trace_flags | remote_flags(span.parent)),
            ),
            attributes,
        ]
        if span.parent is not None:
            parts += (_PARENT_SPAN_ID, span.parent.span_id.to_bytes(8, "big"))
        if context.trace_state:
            parts.append(_state(context.trace_state))
        if status:
            parts.append(length_delimited(15, integer(3, status)))
        parts.extend(length_delimited(13, self._link(link)) for link in span.links)
        parts.extend(
            integer(field, dropped)
            for field, dropped in (
                (10, span.dropped_attributes + left_out),
                (12, span.dropped_events + len(span.events)),
                (14, span.dropped_links),
            )
            if dropped
        )
        return length_delimited(2, b"".join(parts))

    def _link(self, link: Link) -> bytes:
        return (
            length_delimited(1, link.context.trace_id.to_bytes(16, "big"))
            + length_delimited(2, link.context.span_id.to_bytes(8, "big"))
            + _state(link.context.trace_state)
            + self._attributes.of_link(link.attributes or {})
            + fixed32(6, link.context.trace_flags | remote_flags(link.context))
        )


def _state(trace_state: TraceState) -> bytes:
    """Return a `tracestate`, encoded: the other entries are other parties' words to each other."""
    said = (trace_state.get("ot") or "").split(";")
    kept = ";".join(member for member in said if _SAMPLING.fullmatch(member))
    return text(3, f"ot={kept}") if kept else b""


@lru_cache(maxsize=4096)
def _head(size: int) -> bytes:
    """Return what comes before an encoded span of so many bytes."""
    return tag(2, LENGTH_DELIMITED) + varint(size)


@lru_cache(maxsize=1024)
def _name_and_kind(name: str, kind: int) -> bytes:
    return text(5, name) + integer(6, kind)


def remote_flags(context: SpanContext | None) -> int:
    """Return the flags that tell whether the parent is in another process."""
    if context is None:
        return _HAS_IS_REMOTE
    return _HAS_IS_REMOTE | (_IS_REMOTE if context.is_remote else 0)


def context_of(span: ReadableSpan) -> SpanContext:
    """Return the identity of a span that has ended; `ValueError` where it has none."""
    context: SpanContext | None = span.context
    if context is None:
        message = "a span without a context reached the export"
        raise ValueError(message)
    return context
