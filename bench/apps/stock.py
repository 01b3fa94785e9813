"""The stock stack, each package used as its own documentation shows.

opentelemetry-instrumentation-starlette with BatchSpanProcessor and the OTLP/HTTP exporter,
starlette_exporter, asgi-correlation-id, and a structlog line a request through the standard
library's logging.
"""

import logging
import sys
import time
from collections.abc import Callable

import structlog
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.starlette import StarletteInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from prometheus_client import start_http_server
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_exporter import PrometheusMiddleware

from bench.apps import handlers
from bench.variants import Built, Wiring


def build(wiring: Wiring) -> Built:
    """Return the application inside all four, everything on."""
    provider, finish = _tracing(wiring)
    app = handlers.decisions()
    app.add_middleware(_AccessLog, logger=_access_logger())
    app.add_middleware(CorrelationIdMiddleware)
    app.add_middleware(PrometheusMiddleware, group_paths=True)
    StarletteInstrumentor.instrument_app(
        app, tracer_provider=provider, meter_provider=NoOpMeterProvider()
    )
    server, _ = start_http_server(0, addr="127.0.0.1")
    return Built(app, server.server_port, finish)


def build_asyncpg(wiring: Wiring) -> Built:
    """Return the application with its statement traced by contrib."""
    provider, finish = _tracing(wiring)
    instrumentor = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]  # contrib's own gap
    instrumentor.instrument(tracer_provider=provider)
    return _without_metrics(handlers.asyncpg_decisions(wiring.store), finish)


def build_redis(wiring: Wiring) -> Built:
    """Return the application with its command traced by contrib."""
    provider, finish = _tracing(wiring)
    RedisInstrumentor().instrument(tracer_provider=provider)
    return _without_metrics(handlers.redis_decisions(handlers.redis_client(wiring.store)), finish)


def _without_metrics(app: Starlette, finish: Callable[[], int]) -> Built:
    return Built(app, 0, finish)


class _CountingProcessor(BatchSpanProcessor):
    """Counts what it is handed, so that what arrives can be compared with it."""

    ended = 0

    def on_end(self, span: ReadableSpan) -> None:
        self.ended += 1  # the event loop's thread alone ends spans; unsampled ones do not come here
        super().on_end(span)


def _tracing(wiring: Wiring) -> tuple[TracerProvider, Callable[[], int]]:
    provider = TracerProvider(
        resource=Resource.create({"service.name": "bench"}),
        sampler=ParentBased(TraceIdRatioBased(wiring.sampling)),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=f"{wiring.collector}/v1/traces")
    # By default it drops what exceeds 2,048; a stack that drops would be measured as a faster one.
    processor = _CountingProcessor(exporter, max_queue_size=1 << 20)
    provider.add_span_processor(processor)

    def finish() -> int:
        processor.force_flush(60_000)
        provider.shutdown()
        return processor.ended

    return provider, finish


def _access_logger() -> structlog.stdlib.BoundLogger:
    handler = logging.StreamHandler(sys.stdout)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_ids,
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("access")
    return logger


def _add_ids(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    context = trace.get_current_span().get_span_context()
    event["correlation_id"] = correlation_id.get()
    event["trace_id"] = trace.format_trace_id(context.trace_id)
    event["span_id"] = trace.format_span_id(context.span_id)
    return event


class _AccessLog:
    """One line a request; plain ASGI, which is the cheapest that a service would write."""

    def __init__(self, app: ASGIApp, logger: structlog.stdlib.BoundLogger) -> None:
        self._app = app
        self._logger = logger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def observe(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, observe)
        finally:
            self._logger.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration=time.perf_counter() - started,
            )
