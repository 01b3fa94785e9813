"""What a collector gets of spans under way from a whole service: read with the official classes."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.trace import Link, SpanContext, Tracer
from starlette.types import Message, Receive, Scope, Send

from telemetry.catalog import Span, SpanKind
from telemetry.catalog.pipeline import SIGNALS_CUT
from telemetry.runtime import Telemetry, TelemetrySettings
from tests.telemetry.asgi import END, START, scope_of
from tests.telemetry.faulty_collector import FaultyCollector, Request, collector, healthy

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HAS_IS_REMOTE, IS_REMOTE = 0x100, 0x200
NAMES = tuple(f"some.{number}" for number in range(70))
LINK = Link(SpanContext(1, 2, is_remote=True))


class NoLines:
    def put(self, *lines: bytes) -> None:
        """Take log lines nowhere."""


class Service:
    """Telemetry of a service, the collector that it exports to, and what was cut on the way."""

    def __init__(self, serving: FaultyCollector, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self._serving = serving

    def spans(self) -> dict[str, trace_pb2.Span]:
        """Return what the collector has, by name."""
        return {
            span.name: span
            for request in self._serving.requests
            for resource in ExportTraceServiceRequest.FromString(_body(request)).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def cut(self, bound: str) -> float | None:
        return self.telemetry.meter.registry.get_sample_value(
            SIGNALS_CUT.prometheus_name, {"telemetry_bound": bound}
        )


def _body(request: Request) -> bytes:
    is_zipped = request.headers.get("content-encoding") == "gzip"
    return gzip.decompress(request.body) if is_zipped else request.body


@contextmanager
def service(*, sampling_ratio: float = 1.0) -> Iterator[Service]:
    """Run telemetry for the block; after it everything is delivered."""
    with collector(healthy) as serving:
        settings = TelemetrySettings(
            service_name="test",
            metrics_port=0,
            otlp_endpoint=serving.endpoint,
            sampling_ratio=sampling_ratio,
            attributes=NAMES,
        )
        telemetry = Telemetry(settings, line_sink=NoLines())
        telemetry.start()
        try:
            yield Service(serving, telemetry)
        finally:
            telemetry.stop(20)


def own(telemetry: Telemetry) -> Tracer:
    return telemetry.tracing.tracer


def foreign(telemetry: Telemetry) -> Tracer:
    return telemetry.tracing.provider.get_tracer("foreign")


async def test_a_span_says_whether_its_parent_is_in_another_process() -> None:
    async def application(_: Scope, __: Receive, send: Send) -> None:
        with running.telemetry.tracing.span(WORK):
            await send(dict(START))
        await send(dict(END))

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_: Message) -> None:
        return

    with service() as running:
        scope = scope_of("/", [(b"traceparent", TRACEPARENT)])
        await running.telemetry.wrap(application)(scope, receive, send)
    server, child = running.spans()["GET"], running.spans()["work"]
    assert server.parent_span_id.hex() == "b7ad6b7169203331"
    assert server.flags & (HAS_IS_REMOTE | IS_REMOTE) == HAS_IS_REMOTE | IS_REMOTE
    assert child.parent_span_id == server.span_id
    assert child.flags & (HAS_IS_REMOTE | IS_REMOTE) == HAS_IS_REMOTE


@pytest.mark.parametrize("tracer_of", [own, foreign])
def test_what_bounds_take_from_a_span_is_told_and_counted(
    tracer_of: Callable[[Telemetry], Tracer],
) -> None:
    with service() as running:
        tracer = tracer_of(running.telemetry)
        with tracer.start_as_current_span("large", links=[LINK] * 40) as span:
            for name in NAMES:
                span.set_attribute(name, "x" * 2_000)
        cuts = {bound: running.cut(bound) for bound in ("span_attributes", "span_links")}
    large = running.spans()["large"]
    assert (len(large.links), large.dropped_links_count) == (32, 8)
    assert (len(large.attributes), large.dropped_attributes_count) == (64, 6)
    assert {len(item.value.string_value) for item in large.attributes} == {1024}
    assert cuts == {"span_attributes": 6, "span_links": 8}


@pytest.mark.parametrize(("ratio", "delivered"), [(0.0, set()), (1.0, {"own", "foreign"})])
def test_the_sampling_ratio_is_that_of_foreign_instrumentation_too(
    ratio: float, delivered: set[str]
) -> None:
    with service(sampling_ratio=ratio) as running:
        own(running.telemetry).start_span("own").end()
        foreign(running.telemetry).start_span("foreign").end()
    assert set(running.spans()) == delivered
