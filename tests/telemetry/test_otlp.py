from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Link, SpanContext, StatusCode, TraceFlags, TraceState
from opentelemetry.trace import SpanKind as OtelKind
from opentelemetry.util.types import AttributeValue

from telemetry.allow_list import AllowList
from telemetry.catalog import Span, SpanKind
from telemetry.destinations import Destination, JsonFile, OtlpHttp
from telemetry.otlp import SpanEncoder, encode_request, request_parts
from telemetry.settings import TelemetrySettings
from telemetry.span_queue import OWN_SCOPE, Chunk, SpanBatch
from telemetry.spans import RecordedSpan
from telemetry.testing import Captured, captured_telemetry

PARENT = Span("parent", SpanKind.SERVER, "The parent.")
CHILD = Span("child", SpanKind.CLIENT, "The child.")
RESOURCE = Resource({"service.name": "shop", "answer": 42}, "https://example.test/schema")
ATTRIBUTES: dict[str, AttributeValue] = {
    "text": "grüße",
    "flag": True,
    "negative": -5,
    "large": 2**62,
    "share": 0.25,
    "list": ["a", "b"],
}


def record(captured: Captured) -> None:
    tracing = captured.telemetry.tracing
    with tracing.span(PARENT) as parent:
        link = Link(parent.get_span_context())
        try:
            with tracing.span(CHILD, ATTRIBUTES, links=[link]):
                raise KeyError  # the span's error is what is looked at
        except KeyError:
            pass


def plain(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    return getattr(value, str(kind))


def test_the_official_classes_read_what_we_encode() -> None:
    with captured_telemetry(attributes=tuple(ATTRIBUTES)) as captured:
        record(captured)
        spans = captured.spans()
        encoder = SpanEncoder(captured.telemetry.allowed)
        request = ExportTraceServiceRequest.FromString(encode_request(RESOURCE, spans, encoder))

    [resource_spans] = request.resource_spans
    assert {item.key: plain(item.value) for item in resource_spans.resource.attributes} == {
        "service.name": "shop",
        "answer": 42,
    }
    assert resource_spans.schema_url == "https://example.test/schema"
    [scope_spans] = resource_spans.scope_spans
    assert scope_spans.scope.name == "telemetry"
    child, parent = scope_spans.spans
    assert (child.name, parent.name) == ("child", "parent")
    assert child.trace_id == parent.trace_id
    assert child.parent_span_id == parent.span_id
    assert parent.parent_span_id == b""
    assert child.kind == trace_pb2.Span.SPAN_KIND_CLIENT
    assert parent.kind == trace_pb2.Span.SPAN_KIND_SERVER
    assert child.status.code == trace_pb2.Status.STATUS_CODE_ERROR
    assert parent.status.code == trace_pb2.Status.STATUS_CODE_UNSET
    attributes = {item.key: plain(item.value) for item in child.attributes}
    assert attributes == ATTRIBUTES | {"error.type": "KeyError"}
    assert child.links[0].span_id == parent.span_id
    assert child.start_time_unix_nano == spans[0].start_time
    assert child.end_time_unix_nano == spans[0].end_time
    assert spans[0].context is not None
    assert child.flags & 0xFF == spans[0].context.trace_flags


def test_a_file_holds_one_json_request_a_line(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    with captured_telemetry(attributes=tuple(ATTRIBUTES)) as captured:
        record(captured)
        file = JsonFile(path, RESOURCE, captured.telemetry.allowed)
        file.deliver(SpanBatch(foreign=[file.encode(span) for span in captured.spans()]), 1)
        file.deliver(SpanBatch(foreign=[file.encode(captured.spans()[0])]), 1)
    first, second = (orjson.loads(line) for line in path.read_bytes().splitlines())
    spans = first["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["name"] for span in spans] == ["child", "parent"]
    assert spans[0]["parentSpanId"] == spans[1]["spanId"]
    assert {"key": "negative", "value": {"intValue": "-5"}} in spans[0]["attributes"]
    assert len(second["resourceSpans"][0]["scopeSpans"][0]["spans"]) == 1


SECRET = "hunter2-Zx81Qq"
STATE = TraceState([("ot", f"th:c;rv:0123456789abcd;x:{SECRET}"), ("vendor", SECRET)])
IDENTITY = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=STATE)
MIXED: dict[str, AttributeValue] = {
    "http.route": "/orders/{id}",
    "order.total": 7,
    "order.customer": SECRET,
    "url.full": f"https://u:{SECRET}@shop.test/?token={SECRET}",
    "db.query.text": "SELECT 1 FROM orders WHERE customer = 'hunter2-Zx81Qq'",
    SECRET: "value",
}
KEPT = {
    "http.route": "/orders/{id}",
    "order.total": 7,
    "url.full": "https://REDACTED:REDACTED@shop.test/?token=REDACTED",
    "db.query.text": "SELECT ? FROM orders WHERE customer = ?",
}


def own_span() -> RecordedSpan:
    span = RecordedSpan("work", OtelKind.INTERNAL, bytes(16), 1, STATE, lambda _: None)
    span.set_attributes(MIXED)
    span.add_event(SECRET, {"a": SECRET})
    span.record_exception(ValueError(SECRET))
    span.set_status(StatusCode.ERROR, SECRET)
    span.add_link(IDENTITY, MIXED)
    span.end()
    return span


def foreign_span(captured: Captured) -> ReadableSpan:
    """As a contrib instrumentation makes them, through the SDK's provider."""
    tracer = captured.telemetry.tracing.provider.get_tracer("foreign")
    with tracer.start_as_current_span(
        "work", attributes=MIXED, links=[Link(IDENTITY, MIXED)]
    ) as span:
        span.add_event(SECRET, {"a": SECRET})
        span.record_exception(ValueError(SECRET))
        span.set_status(StatusCode.ERROR, SECRET)
    return captured.span("work")


@contextmanager
def declaring(*names: str) -> Iterator[tuple[Captured, list[str]]]:
    """Captured telemetry that lets pass what is refused, and the signals of what was."""
    refused: list[str] = []
    captured = Captured(TelemetrySettings(service_name="test", metrics_port=0))
    captured.telemetry.allowed = AllowList(names, refused.append)
    yield captured, refused


@pytest.mark.parametrize("kind", ["own", "foreign"])
def test_what_is_not_declared_does_not_leave_as_protobuf(kind: str) -> None:
    with declaring("order.total") as (captured, refused):
        encoder = SpanEncoder(captured.telemetry.allowed)
        data = (
            encoder.recorded(own_span())
            if kind == "own"
            else encoder.foreign(foreign_span(captured))
        )
    sent = b"".join(request_parts(RESOURCE, [(OWN_SCOPE, [data])]).parts)
    assert SECRET.encode() not in sent
    span = ExportTraceServiceRequest.FromString(sent).resource_spans[0].scope_spans[0].spans[0]
    assert {item.key: plain(item.value) for item in span.attributes} == KEPT
    assert {item.key: plain(item.value) for item in span.links[0].attributes} == KEPT
    assert span.dropped_attributes_count == 2
    assert refused == ["span"] * 4
    assert (len(span.events), span.status.message) == (0, "")
    assert span.links[0].trace_state == "ot=th:c;rv:0123456789abcd"
    if kind == "own":
        assert span.trace_state == "ot=th:c;rv:0123456789abcd"
        assert span.dropped_events_count == 0
    else:
        assert span.dropped_events_count == 2


@pytest.mark.parametrize("kind", ["own", "foreign"])
def test_what_is_not_declared_does_not_leave_as_json(kind: str, tmp_path: Path) -> None:
    with declaring("order.total") as (captured, refused):
        file = JsonFile(tmp_path / "traces.jsonl", RESOURCE, captured.telemetry.allowed)
        batch = (
            SpanBatch(own=[Chunk(file.encode_recorded(own_span()), 1, 0)])
            if kind == "own"
            else SpanBatch(foreign=[file.encode(foreign_span(captured))])
        )
    file.deliver(batch, 1)
    written = (tmp_path / "traces.jsonl").read_text()
    assert SECRET not in written
    span = orjson.loads(written)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert [item["key"] for item in span["attributes"]] == list(KEPT)
    assert span["droppedAttributesCount"] == 2
    assert refused == ["span"] * 2


@pytest.mark.parametrize(
    "value", [{"a": 1}, {1}, ["a", {}], b"x", object(), "\ud800", 2**70, -1.5, True]
)
def test_no_value_stops_an_encoder(value: object, tmp_path: Path) -> None:
    span = own_span()
    span.attributes = {"order.total": value, "url.full": value}  # type: ignore[dict-item]  # the point
    allowed = AllowList(["order.total"])
    destinations: list[Destination] = [
        OtlpHttp("http://127.0.0.1:1", {}, RESOURCE, allowed),
        JsonFile(tmp_path / "traces.jsonl", RESOURCE, allowed),
    ]
    for destination in destinations:
        assert destination.encode_recorded(span)


def test_equal_values_of_other_types_are_told_apart() -> None:
    encoder = SpanEncoder(AllowList(["flag"]))
    for value in (True, 1, 1.0):
        span = own_span()
        span.attributes = {"flag": value}
        sent = b"".join(request_parts(RESOURCE, [(OWN_SCOPE, [encoder.recorded(span)])]).parts)
        read = ExportTraceServiceRequest.FromString(sent).resource_spans[0].scope_spans[0].spans[0]
        assert type(plain(read.attributes[0].value)) is type(value)
