from pathlib import Path

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import Link
from opentelemetry.util.types import AttributeValue

from telemetry.catalog import Span, SpanKind
from telemetry.destinations import JsonFile
from telemetry.otlp import encode_request
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
    with captured_telemetry() as captured:
        record(captured)
        spans = captured.spans()
        request = ExportTraceServiceRequest.FromString(encode_request(RESOURCE, spans))

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
    with captured_telemetry() as captured:
        record(captured)
        file = JsonFile(path, RESOURCE)
        file.deliver([file.encode(span) for span in captured.spans()], 1)
        file.deliver([file.encode(captured.spans()[0])], 1)
    first, second = (orjson.loads(line) for line in path.read_bytes().splitlines())
    spans = first["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["name"] for span in spans] == ["child", "parent"]
    assert spans[0]["parentSpanId"] == spans[1]["spanId"]
    assert {"key": "negative", "value": {"intValue": "-5"}} in spans[0]["attributes"]
    assert len(second["resourceSpans"][0]["scopeSpans"][0]["spans"]) == 1
