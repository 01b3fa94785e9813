"""The stock packages under observation, each as its own documentation shows.

opentelemetry-instrumentation-starlette (-asyncpg, -redis), starlette_exporter, asgi-correlation-id
and structlog. The caller asks for the new semantic conventions in the environment, before the
import; the rest is as it comes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import redis.asyncio
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.starlette import StarletteInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, TraceIdRatioBased
from prometheus_client import REGISTRY, generate_latest, start_http_server
from starlette.applications import Starlette
from starlette.types import ASGIApp
from starlette_exporter import PrometheusMiddleware

from bench.defects.model import Postgres, Stack

_PROGRAM = """
import logging, sys, structlog
logging.basicConfig(format="%(message)s", stream=sys.stdout, level=logging.INFO)
structlog.configure(
    processors=[structlog.processors.add_log_level, {renderer}],
    logger_factory=structlog.stdlib.LoggerFactory())
logger = structlog.get_logger()
{rest}
"""


@contextmanager
def make(*, sampling: float = 1.0, remote: float = 1.0) -> Iterator[Stack]:
    """Yield a new stock stack."""
    yield _Stock(
        ParentBased(TraceIdRatioBased(sampling), remote_parent_sampled=TraceIdRatioBased(remote))
    )


class _Stock:
    id_header = b"x-request-id"

    def __init__(self, sampler: Sampler) -> None:
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self._meters = MeterProvider([self._reader], shutdown_on_exit=False)
        for metric in PrometheusMiddleware._metrics.values():  # noqa: SLF001  # shared by all of a process
            REGISTRY.unregister(metric)
        PrometheusMiddleware._metrics.clear()  # noqa: SLF001  # as above

    def wrap(self, app: Starlette) -> ASGIApp:
        app.add_middleware(CorrelationIdMiddleware)
        app.add_middleware(PrometheusMiddleware)
        StarletteInstrumentor.instrument_app(
            app, tracer_provider=self._provider, meter_provider=self._meters
        )
        return app

    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def series(self) -> int:
        return len(self._samples("starlette_")) + sum(
            len(metric.data.data_points) for metric in self._otel_metrics()
        )

    def counted(self) -> int:
        return int(sum(one.value for one in self._samples("starlette_requests_total")))

    def seconds(self) -> float:
        return float(
            sum(one.value for one in self._samples("starlette_request_duration_seconds_sum"))
        )

    def exemplars(self) -> list[dict[str, str]]:
        return [dict(one.exemplar.labels) for one in self._samples("starlette_") if one.exemplar]

    def everything(self) -> str:
        spans = "".join(span.to_json() for span in self.spans())
        return spans + generate_latest().decode() + str(self._otel_metrics())

    def correlation_id(self) -> str | None:
        found: str | None = correlation_id.get()
        return found

    def metrics_port(self) -> int:
        server, _ = start_http_server(0, addr="127.0.0.1")
        return int(server.server_port)

    def slow_collector(self, url: str) -> Callable[[], object]:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces")))
        provider.get_tracer("bench").start_span("work").end()
        return provider.shutdown

    def program(self, name: str) -> str:
        if name == "flood":
            rest = "for number in range(20_000):\n    logger.info('shop.flood', number=number)"
            return _PROGRAM.format(renderer="structlog.processors.JSONRenderer()", rest=rest)
        renderer = "structlog.dev.ConsoleRenderer(colors=False)"
        return _PROGRAM.format(renderer=renderer, rest="logger.info('a\\nb')")

    @contextmanager
    def postgres(self, url: str) -> Iterator[Postgres]:
        instrumentor = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]  # contrib's own gap
        instrumentor.instrument(tracer_provider=self._provider, meter_provider=self._meters)
        try:
            yield _Pools(url, self._otel_metrics)
        finally:
            instrumentor.uninstrument()

    @contextmanager
    def redis(self, url: str) -> Iterator[Any]:
        instrumentor = RedisInstrumentor()
        instrumentor.instrument(tracer_provider=self._provider, meter_provider=self._meters)
        try:
            yield redis.asyncio.Redis.from_url(url)
        finally:
            instrumentor.uninstrument()

    def _samples(self, prefix: str) -> list[Any]:
        return [
            sample
            for family in REGISTRY.collect()
            for sample in family.samples
            if sample.name.startswith(prefix) and not sample.name.endswith("_created")
        ]

    def _otel_metrics(self) -> list[Any]:
        data = self._reader.get_metrics_data()
        if data is None:
            return []
        return [
            metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]


class _Pools:
    def __init__(self, url: str, metrics: Callable[[], list[Any]]) -> None:
        self._url = url
        self._metrics = metrics

    async def pool(self) -> Any:  # noqa: ANN401  # asyncpg ships no types
        return await asyncpg.create_pool(self._url, min_size=1, max_size=1)

    def measured(self) -> list[str]:
        return sorted(one.name for one in self._metrics() if one.name.startswith("db."))
