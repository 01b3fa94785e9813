import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from bench.otlp_count import count_spans


def request(*spans_of_scopes: int) -> bytes:
    span = Span(name="GET /", trace_id=b"t" * 16, start_time_unix_nano=2**60, flags=257)
    scopes = [ScopeSpans(spans=[span] * number) for number in spans_of_scopes]
    resources = [ResourceSpans(scope_spans=scopes[:1]), ResourceSpans(scope_spans=scopes[1:])]
    encoded: bytes = ExportTraceServiceRequest(resource_spans=resources).SerializeToString()
    return encoded


def test_spans_of_every_resource_and_scope_are_counted() -> None:
    assert count_spans(request(3, 200, 1)) == 204
    assert count_spans(request(0)) == 0
    assert count_spans(b"") == 0


def test_what_is_cut_off_or_no_protobuf_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than what holds it"):
        count_spans(request(3, 200, 1)[:-1])
    with pytest.raises(ValueError, match="wire type"):
        count_spans(b"\x0f")
    with pytest.raises(ValueError, match="without an end"):
        count_spans(b"\xff")
