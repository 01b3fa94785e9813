"""Encoding spans as OTLP: ours against the SDK's own exporter encoding, on the same spans."""

from collections.abc import Iterator
from functools import partial

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import AttributeValue

from bench.pairs import Contestant, compare
from bench.rows import Measurement, Row
from telemetry.catalog import Span, SpanKind
from telemetry.otlp import encode_request
from telemetry.testing import captured_telemetry

_SPANS = 512
_ATTRIBUTES: dict[str, AttributeValue] = {
    "http.request.method": "POST",
    "http.route": "/permissions/check",
    "http.response.status_code": 200,
    "url.path": "/permissions/check",
    "url.scheme": "http",
    "client.address": "127.0.0.1",
    "server.address": "localhost",
    "server.port": 8000,
    "network.protocol.version": "1.1",
    "user_agent.original": "bench",
}


def measurements() -> Iterator[Measurement]:
    """Yield an A/A pair, which must come out at 1, and the comparison."""
    spans = _spans()
    resource = spans[0].resource

    def ours() -> bytes:
        return encode_request(resource, spans)

    def theirs() -> bytes:
        encoded: bytes = encode_spans(spans).SerializeToString()
        return encoded

    for name, other in (
        ("otlp.encode.aa", Contestant("itself", ours)),
        ("otlp.encode", Contestant("stock", theirs)),
    ):
        yield Measurement(name, partial(_row, Contestant(name, ours), other))


def _row(own: Contestant, other: Contestant) -> Row:
    return compare(own, other, operations=_SPANS, figure="CPU a span, µs")


def _spans() -> list[ReadableSpan]:
    work = Span("POST /permissions/check", SpanKind.SERVER, "A request.")
    with captured_telemetry() as captured:
        for _ in range(_SPANS):
            with captured.telemetry.tracing.span(work, _ATTRIBUTES):
                pass
        return captured.spans()
