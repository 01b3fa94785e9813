"""Spans as OTLP JSON lines, for a file in place of a collector.

IDs are hexadecimal and 64-bit numbers strings, as OTLP's JSON mapping asks. The same is left out as
in protobuf: what the allow-list does not name, and the text that failed work leaves in a status.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import format_span_id, format_trace_id

from telemetry.allow_list import SPAN, AllowList
from telemetry.otlp import context_of, remote_flags
from telemetry.redaction import clean


def encode_json_span(span: ReadableSpan, allowed: AllowList) -> bytes:
    """Return one span."""
    context = context_of(span)
    attributes: Mapping[str, Any] = span.attributes or {}
    kept = {name: clean(name, value) for name, value in attributes.items() if name in allowed.names}
    for name in attributes.keys() - kept.keys():
        allowed.refuse(SPAN, name)
    return orjson.dumps(
        {
            "traceId": format_trace_id(context.trace_id),
            "spanId": format_span_id(context.span_id),
            "parentSpanId": format_span_id(span.parent.span_id) if span.parent else "",
            "name": span.name,
            "kind": span.kind.value + 1,
            "startTimeUnixNano": str(span.start_time or 0),
            "endTimeUnixNano": str(span.end_time or 0),
            "attributes": _attributes(kept),
            "droppedAttributesCount": span.dropped_attributes + len(attributes) - len(kept),
            "links": [
                {
                    "traceId": format_trace_id(link.context.trace_id),
                    "spanId": format_span_id(link.context.span_id),
                }
                for link in span.links
            ],
            "status": {"code": span.status.status_code.value},
            "flags": context.trace_flags | remote_flags(span.parent),
        }
    )


def wrap_json_line(
    resource: Resource, groups: Iterable[tuple[InstrumentationScope, Iterable[bytes]]]
) -> bytes:
    """Return a request of spans that are encoded already, by their scope, as one line."""
    scopes = [
        {
            "scope": {"name": scope.name, "version": scope.version or ""},
            "spans": orjson.Fragment(b"[" + b",".join(spans) + b"]"),
        }
        for scope, spans in groups
    ]
    described = {"attributes": _attributes(resource.attributes)}
    request = {"resourceSpans": [{"resource": described, "scopeSpans": scopes}]}
    return orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE)


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: object) -> dict[str, Any]:
    match value:
        case str():
            return {"stringValue": value.encode(errors="replace").decode()}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list() | tuple():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
        case _:
            return {"stringValue": type(value).__qualname__}
