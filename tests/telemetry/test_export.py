import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry.catalog import Span, SpanKind
from telemetry.catalog.pipeline import SPANS_EXPORTED, SPANS_PROCESSED
from telemetry.destinations import OtlpHttp
from telemetry.errors import SettingsError
from telemetry.export import SpanExport
from telemetry.metrics import Meter
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.sampling import Sampling
from telemetry.tracing import Tracing

WORK = Span("work", SpanKind.INTERNAL, "Some work.")


class Collector(ThreadingHTTPServer):
    """A collector that answers as told and keeps the spans that it took."""

    daemon_threads = True

    def __init__(self, answer: Callable[[int], int]) -> None:
        self.answer = answer
        self.asked = 0
        self.spans: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        status = self.server.answer(self.server.asked)
        if status == 200:
            request = ExportTraceServiceRequest.FromString(body)
            self.server.spans += [
                span.name
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            ]
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        pass


@contextmanager
def collector(answer: Callable[[int], int]) -> Iterator[Collector]:
    server = Collector(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def exporting(port: int) -> Iterator[Telemetry]:
    settings = TelemetrySettings(
        service_name="test", metrics_port=0, otlp_endpoint=f"http://127.0.0.1:{port}"
    )
    telemetry = Telemetry(settings)
    telemetry.start()
    try:
        yield telemetry
    finally:
        telemetry.stop(1)


def count(telemetry: Telemetry, name: str, error_type: str = "") -> float:
    value = telemetry.meter.registry.get_sample_value(name, {"error_type": error_type})
    return value or 0.0


EXPORTED = SPANS_EXPORTED.prometheus_name
PROCESSED = SPANS_PROCESSED.prometheus_name


def make_spans(telemetry: Telemetry, number: int) -> None:
    for _ in range(number):
        with telemetry.tracing.span(WORK):
            pass


def test_every_span_arrives_by_the_stop() -> None:
    with collector(lambda _: 200) as server:
        with exporting(server.server_port) as telemetry:
            make_spans(telemetry, 1200)
        assert server.spans == ["work"] * 1200
        assert count(telemetry, EXPORTED) == 1200


def test_a_collector_that_recovers_gets_the_batch() -> None:
    with collector(lambda asked: 503 if asked == 1 else 200) as server:
        with exporting(server.server_port) as telemetry:
            make_spans(telemetry, 3)
            telemetry.tracing.provider.force_flush(5_000)
            while not server.spans:
                pass
        assert server.spans == ["work"] * 3


def test_a_refusal_is_final_and_counted() -> None:
    with collector(lambda _: 400) as server, exporting(server.server_port) as telemetry:
        make_spans(telemetry, 3)
        telemetry.stop(2)
        assert server.asked == 1
        assert count(telemetry, EXPORTED, "400") == 3


def test_no_collector_costs_spans_and_not_the_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    with exporting(port) as telemetry:
        make_spans(telemetry, 3)
        telemetry.stop(1)
        lost = count(telemetry, EXPORTED, "connection_refused")
        late = count(telemetry, EXPORTED, "deadline")
        assert lost + late == 3


def test_a_collector_that_hangs_does_not_hold_the_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        with exporting(hanging.getsockname()[1]) as telemetry:
            make_spans(telemetry, 3)
        # `exporting` has stopped: it could not have, had the stop waited for an answer.
        assert count(telemetry, EXPORTED) == 0


def test_a_full_queue_drops_and_counts() -> None:
    with exporting(1) as telemetry:
        meter = Meter(telemetry.meter.registry.__class__())
        destination = OtlpHttp("http://127.0.0.1:1", {}, telemetry.tracing.provider.resource)
        export = SpanExport(destination, meter, capacity=2)
        tracing = Tracing(telemetry.tracing.provider.resource, Sampling(), export.put, export)
        for _ in range(3):
            with tracing.span(WORK):
                pass
        for _ in range(2):
            tracing.provider.get_tracer("foreign").start_span("work").end()
        dropped = meter.registry.get_sample_value(PROCESSED, {"error_type": "queue_full"})
        assert dropped == 3


@pytest.mark.parametrize("endpoint", ["collector:4318", "ftp://collector", "http://"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="no http"):
        Telemetry(TelemetrySettings(service_name="test", otlp_endpoint=endpoint))
