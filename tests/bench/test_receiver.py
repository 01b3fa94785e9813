"""The receiving process, fed as a server does it."""

import http.client
import os
import urllib.parse

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from bench.processes import receiver


def batch(spans: int) -> bytes:
    span = Span(name="GET /", trace_id=b"t" * 16)
    scope = ScopeSpans(spans=[span] * spans)
    request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])
    encoded: bytes = request.SerializeToString()
    return encoded


def test_every_span_of_every_batch_and_every_line_is_counted() -> None:
    log_read, log_write = os.pipe()
    with receiver(log_read) as receiving:
        os.close(log_read)
        where = urllib.parse.urlsplit(receiving.address).netloc
        os.write(log_write, b"one\ntw")
        for _ in range(2):
            connection = http.client.HTTPConnection(where)
            for spans in (3, 20_000):  # the second comes in pieces, on the same connection
                connection.request("POST", "/v1/traces", batch(spans))
                with connection.getresponse() as answer:
                    assert (answer.status, answer.read()) == (200, b"")
            connection.close()
        os.write(log_write, b"o\nthree\n")
        os.close(log_write)
        assert receiving.received() == {"spans": 40_006, "lines": 3}
