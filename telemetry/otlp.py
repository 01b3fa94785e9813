"""Spans as OTLP: protobuf bytes for a collector, JSON lines for a file.

OTLP 1.x, `opentelemetry/proto/trace/v1/trace.proto`. The field numbers below are that file's.
Encoding takes the SDK's span as it is, once, without protobuf objects in between; `make bench`
measures it against the SDK's own encoder and a test decodes it with the official classes.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import groupby
from typing import Any, Final

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    StatusCode,
    format_span_id,
    format_trace_id,
)

from telemetry.protobuf import double, fixed32, fixed64, integer, length_delimited, text
from telemetry.spans import RecordedSpan

_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200

# Heads of the fields that every span has and whose size is constant.
_TRACE_ID: Final = length_delimited(1, bytes(16))[:-16]
_SPAN_ID: Final = length_delimited(2, bytes(8))[:-8]
_PARENT_SPAN_ID: Final = length_delimited(4, bytes(8))[:-8]
_START_TIME: Final = fixed64(7, 0)[:1]
_END_TIME: Final = fixed64(8, 0)[:1]
_ATTRIBUTE: Final = length_delimited(9, b"")[:1]
_VALUE: Final = length_delimited(2, b"")[:1]
_TEXT_VALUE: Final = length_delimited(1, b"")[:1]
_BYTE: Final = tuple(bytes((number,)) for number in range(128))
_ONE_BYTE: Final = 127
_FLAGS: Final = fixed32(16, 0)[:2]
_times: Final = struct.Struct("<cQcQ").pack
_fixed32: Final = struct.Struct("<I").pack


def encode_request(resource: Resource, spans: Sequence[ReadableSpan]) -> bytes:
    """Return an ExportTraceServiceRequest with the SDK's spans of one process."""
    groups = (
        (scope, [encode_span(span) for span in of_scope]) for scope, of_scope in _by_scope(spans)
    )
    return wrap_request(resource, groups)


def wrap_request(
    resource: Resource, groups: Iterable[tuple[InstrumentationScope, Iterable[bytes]]]
) -> bytes:
    """Return an ExportTraceServiceRequest of spans that are encoded already, by their scope."""
    scopes = b"".join(length_delimited(2, _scope_spans(scope, spans)) for scope, spans in groups)
    resource_spans = length_delimited(1, _attributes(1, resource.attributes)) + scopes
    return length_delimited(1, resource_spans + text(3, resource.schema_url))


def encode_json_span(span: ReadableSpan) -> bytes:
    """Return one span as OTLP JSON (IDs in hex, 64-bit numbers as strings)."""
    return orjson.dumps(_json_span(span))


def wrap_json_line(
    resource: Resource, groups: Iterable[tuple[InstrumentationScope, Iterable[bytes]]]
) -> bytes:
    """Return the same request as one line of OTLP JSON, of spans that are encoded already."""
    scopes = [
        {
            "scope": {"name": scope.name, "version": scope.version or ""},
            "spans": [orjson.Fragment(span) for span in spans],
        }
        for scope, spans in groups
    ]
    described = {"attributes": _json_attributes(resource.attributes)}
    request = {"resourceSpans": [{"resource": described, "scopeSpans": scopes}]}
    return orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE)


def _by_scope(
    spans: Sequence[ReadableSpan],
) -> Iterable[tuple[InstrumentationScope, Iterable[ReadableSpan]]]:
    return groupby(sorted(spans, key=lambda span: scope_of(span).name), key=scope_of)


def scope_of(span: ReadableSpan) -> InstrumentationScope:
    """Return the instrumentation that made a span of the SDK."""
    return span.instrumentation_scope or InstrumentationScope("unknown")


def _scope_spans(scope: InstrumentationScope, spans: Iterable[bytes]) -> bytes:
    head = length_delimited(1, text(1, scope.name) + text(2, scope.version or ""))
    return head + b"".join(spans) + text(3, scope.schema_url or "")


def encode_recorded(span: RecordedSpan) -> bytes:
    """Return one of our own spans as the field of a ScopeSpans."""
    context, parent, shared = span.context, span.parent, span.shared
    if shared.encoded is None:
        shared.encoded = _attributes(9, shared)
    parts = [
        _TRACE_ID,
        context.trace_id.to_bytes(16, "big"),
        _SPAN_ID,
        context.span_id.to_bytes(8, "big"),
        _name_and_kind(span.name, span.kind.value + 1),
        _times(_START_TIME, span.start_time, _END_TIME, span.end_time),
        shared.encoded,
        _FLAGS,
        _fixed32(context.trace_flags | _remote_flags(parent)),
    ]
    for key, value in span.attributes.items():
        if type(value) is str and len(value) <= _SHORT:
            parts += _short_text_attribute(key, value)
        else:
            parts.append(_attributes(9, {key: value}))
    if parent is not None:
        parts += (_PARENT_SPAN_ID, parent.span_id.to_bytes(8, "big"))
    if span.status_code is not StatusCode.UNSET:
        parts.append(length_delimited(15, integer(3, span.status_code.value)))
    if context.trace_state:
        parts.append(text(3, context.trace_state.to_header()))
    if span.links:
        parts.extend(length_delimited(13, _link(link)) for link in span.links)
    if span.dropped_attributes:
        parts.append(integer(10, span.dropped_attributes))
    return length_delimited(2, b"".join(parts))


_SHORT: Final = 64
"""Characters of a value that is worth the short way; the bytes are judged again."""


def _short_text_attribute(key: str, value: str) -> tuple[bytes, ...]:
    """Return a text attribute of a span, without the general encoder's generality."""
    head = _key(key)
    raw = value.encode(errors="replace")
    size = len(raw)
    if len(head) + size + 4 > _ONE_BYTE:
        return (length_delimited(9, head + length_delimited(2, length_delimited(1, raw))),)
    return (
        _ATTRIBUTE,
        _BYTE[len(head) + size + 4],
        head,
        _VALUE,
        _BYTE[size + 2],
        _TEXT_VALUE,
        _BYTE[size],
        raw,
    )


@lru_cache(maxsize=1024)
def _key(key: str) -> bytes:
    return text(1, key)


def encode_span(span: ReadableSpan) -> bytes:
    """Return a span of the SDK as the field of a ScopeSpans."""
    context = _context_of(span)
    status = span.status.status_code.value
    parts = [
        _TRACE_ID,
        context.trace_id.to_bytes(16, "big"),
        _SPAN_ID,
        context.span_id.to_bytes(8, "big"),
        _name_and_kind(span.name, span.kind.value + 1),
        _times(_START_TIME, span.start_time or 0, _END_TIME, span.end_time or 0),
        _attributes(9, span.attributes or {}),
        _FLAGS,
        _fixed32(context.trace_flags | _remote_flags(span.parent)),
    ]
    if span.parent is not None:
        parts += (_PARENT_SPAN_ID, span.parent.span_id.to_bytes(8, "big"))
    if context.trace_state:
        parts.append(text(3, context.trace_state.to_header()))
    if status:
        parts.append(length_delimited(15, integer(3, status)))
    parts.extend(
        length_delimited(11, fixed64(1, event.timestamp) + text(2, event.name))
        for event in span.events
    )
    parts.extend(length_delimited(13, _link(link)) for link in span.links)
    parts.extend(
        integer(field, dropped)
        for field, dropped in (
            (10, span.dropped_attributes),
            (12, span.dropped_events),
            (14, span.dropped_links),
        )
        if dropped
    )
    return length_delimited(2, b"".join(parts))


@lru_cache(maxsize=1024)
def _name_and_kind(name: str, kind: int) -> bytes:
    return text(5, name) + integer(6, kind)


def _link(link: Link) -> bytes:
    return (
        length_delimited(1, link.context.trace_id.to_bytes(16, "big"))
        + length_delimited(2, link.context.span_id.to_bytes(8, "big"))
        + text(3, link.context.trace_state.to_header())
        + _attributes(4, link.attributes or {})
        + fixed32(6, link.context.trace_flags | _remote_flags(link.context))
    )


def _remote_flags(context: SpanContext | None) -> int:
    if context is None:
        return _HAS_IS_REMOTE
    return _HAS_IS_REMOTE | (_IS_REMOTE if context.is_remote else 0)


def _context_of(span: ReadableSpan) -> SpanContext:
    context: SpanContext | None = span.context
    if context is None:
        message = "a span without a context reached the export"
        raise ValueError(message)
    return context


def _attributes(field: int, attributes: Mapping[str, Any]) -> bytes:
    return b"".join(
        _array_attribute(field, key, value)
        if isinstance(value, tuple | list)
        else _attribute(field, key, value)
        for key, value in attributes.items()
    )


@lru_cache(maxsize=8192, typed=True)  # most are the same for every request of a route
def _attribute(field: int, key: str, value: object) -> bytes:
    return length_delimited(field, text(1, key) + length_delimited(2, _value(value)))


# Not cached: `typed` does not tell (1,) from (True,).
_array_attribute = _attribute.__wrapped__


def _value(value: object) -> bytes:
    for kind, encode in _ENCODERS:  # bool stands before int, of which it is a kind
        if isinstance(value, kind):
            return encode(value)
    return text(1, type(value).__qualname__)


def _array(items: Sequence[object]) -> bytes:
    return length_delimited(5, b"".join(length_delimited(1, _value(item)) for item in items))


_ENCODERS: Final[tuple[tuple[type, Callable[[Any], bytes]], ...]] = (
    (str, partial(text, 1)),
    (bool, partial(integer, 2)),
    (int, partial(integer, 3)),
    (float, partial(double, 4)),
    (bytes, partial(length_delimited, 7)),
    (Sequence, _array),
)


def _json_span(span: ReadableSpan) -> dict[str, Any]:
    context = _context_of(span)
    return {
        "traceId": format_trace_id(context.trace_id),
        "spanId": format_span_id(context.span_id),
        "parentSpanId": format_span_id(span.parent.span_id) if span.parent else "",
        "name": span.name,
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time or 0),
        "endTimeUnixNano": str(span.end_time or 0),
        "attributes": _json_attributes(span.attributes or {}),
        "links": [
            {
                "traceId": format_trace_id(link.context.trace_id),
                "spanId": format_span_id(link.context.span_id),
            }
            for link in span.links
        ],
        "status": {"code": span.status.status_code.value},
        "flags": context.trace_flags | _remote_flags(span.parent),
    }


def _json_attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _json_value(value)} for key, value in attributes.items()]


def _json_value(value: object) -> dict[str, Any]:
    match value:
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list() | tuple():
            return {"arrayValue": {"values": [_json_value(item) for item in value]}}
        case _:
            return {"stringValue": type(value).__qualname__}
