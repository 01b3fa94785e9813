"""A service with the real telemetry whose requests have many spans, and a collector that is picky.

It takes each batch but for one span: less than a hundredth of the spans is lost, and since nobody
says which one, it is taken for one that an exemplar points to.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telemetry.runtime import Telemetry, TelemetrySettings
from tests.servers import free_port
from tests.telemetry.faulty_collector import answers, collector, healthy

_SPANS_A_REQUEST = 160
_REQUESTS_A_SECOND = 3
_REJECTING = answers(
    200,
    body=ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=1)
    ).SerializeToString(),
)


class LinksService:
    """Runs in this process; `break_down` makes the collector picky."""

    def __init__(self) -> None:
        self.port = free_port()
        self.calls = threading.Event()
        """Set while somebody calls."""
        self.calls.set()
        self._stopping = threading.Event()

    def break_down(self) -> None:
        self._collector.fault = _REJECTING

    def repair(self) -> None:
        self._collector.fault = healthy

    @contextmanager
    def running(self) -> Iterator[None]:
        with collector(healthy) as self._collector:
            telemetry = Telemetry(
                TelemetrySettings(
                    service_name="sightline-web",
                    metrics_port=self.port,
                    otlp_endpoint=self._collector.endpoint,
                ),
                line_sink=_Nowhere(),
            )
            telemetry.start()
            thread = threading.Thread(target=asyncio.run, args=(self._ask(telemetry),))
            thread.start()
            try:
                yield
            finally:
                self._stopping.set()
                thread.join()
                telemetry.stop(1)

    async def _ask(self, telemetry: Telemetry) -> None:
        async def answer(request: Request) -> Response:
            del request
            for _ in range(_SPANS_A_REQUEST):
                with telemetry.tracing.tracer.start_as_current_span("work"):
                    pass
            return PlainTextResponse("done")

        app = telemetry.wrap(Starlette(routes=[Route("/", answer)]))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            while not self._stopping.is_set():
                if self.calls.is_set():
                    await client.get("/")
                await asyncio.sleep(1 / _REQUESTS_A_SECOND)


class _Nowhere:
    def put(self, *lines: bytes) -> None:
        """Drop the lines."""
