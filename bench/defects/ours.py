"""Ours under observation: `telemetry`, kept in memory by `telemetry.testing`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis.asyncio
from opentelemetry.sdk.trace import ReadableSpan
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from app.database.pool import DatabasePool
from app.settings import read_settings
from bench.defects.model import Postgres, Stack
from telemetry.asyncpg import instrument_asyncpg
from telemetry.catalog import Span, SpanKind, http
from telemetry.context import correlation_id
from telemetry.redis import traced
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.testing import Captured, captured_telemetry

_PROGRAM = """
import structlog
from telemetry.runtime import Telemetry, TelemetrySettings
telemetry = Telemetry(TelemetrySettings(
    service_name="shop", metrics_port=0, log_format={form!r}, traces_file="/dev/null"))
telemetry.start()
logger = structlog.stdlib.get_logger()
{rest}
telemetry.stop(2.0)
"""
_NUMBER_KEPT = Span("work", SpanKind.INTERNAL, "Something.")


@contextmanager
def make(*, sampling: float = 1.0, remote: float = 1.0) -> Iterator[Stack]:
    """Yield a new stack of ours."""
    with captured_telemetry(sampling_ratio=sampling, remote_sampling_ratio=remote) as captured:
        yield _Ours(captured)


class _Ours:
    id_header = b"x-correlation-id"

    def __init__(self, captured: Captured) -> None:
        self._captured = captured
        self._telemetry = captured.telemetry

    def wrap(self, app: Starlette) -> ASGIApp:
        return self._telemetry.wrap(app)

    def spans(self) -> list[ReadableSpan]:
        return self._captured.spans()

    def series(self) -> int:
        return len(self._samples())

    def counted(self) -> int:
        return int(self._captured.sample(http.REQUEST_DURATION))

    def seconds(self) -> float:
        return self._captured.observed(http.REQUEST_DURATION)

    def exemplars(self) -> list[dict[str, str]]:
        return self._captured.exemplars(http.REQUEST_DURATION)

    def everything(self) -> str:
        return "".join(
            (
                *(span.to_json() for span in self.spans()),
                str(self._captured.logs()),
                generate_latest(self._telemetry.meter.registry).decode(),
            )
        )

    def correlation_id(self) -> str | None:
        return correlation_id()

    def metrics_port(self) -> int:
        self._telemetry.endpoint.start()
        return self._telemetry.endpoint.port

    def slow_collector(self, url: str) -> Callable[[], object]:
        settings = TelemetrySettings(service_name="shop", metrics_port=0, otlp_endpoint=url)
        telemetry = Telemetry(settings)
        telemetry.start()
        with telemetry.tracing.span(_NUMBER_KEPT):
            pass
        return lambda: telemetry.stop(2.0)

    def program(self, name: str) -> str:
        if name == "flood":
            rest = "for number in range(20_000):\n    logger.info('shop.flood', number=number)"
            return _PROGRAM.format(form="json", rest=rest)
        return _PROGRAM.format(form="console", rest="logger.info('a\\nb')")

    @contextmanager
    def postgres(self, url: str) -> Iterator[Postgres]:
        undo = instrument_asyncpg(self._telemetry.tracing, self._telemetry.meter)
        try:
            yield _Pools(self._captured, url)
        finally:
            undo()

    @contextmanager
    def redis(self, url: str) -> Iterator[Any]:
        client = redis.asyncio.Redis.from_url(url)
        yield traced(client, self._telemetry.tracing, self._telemetry.meter)

    def _samples(self) -> list[object]:
        families = self._telemetry.meter.registry.collect()
        prefix = "http_server_"
        return [
            sample
            for family in families
            for sample in family.samples
            if sample.name.startswith(prefix)
        ]


class _Pools:
    """The pool of this repository's service: the library declares what a pool owes, it emits."""

    def __init__(self, captured: Captured, url: str) -> None:
        self._captured = captured
        self._url = url

    async def pool(self) -> DatabasePool:
        settings = read_settings(
            database_url=self._url,
            database_pool_min=1,
            database_pool_max=1,
            api_keys={"a": "0" * 64},
        )
        return await DatabasePool.open(settings, self._captured.telemetry)

    def measured(self) -> list[str]:
        families = self._captured.telemetry.meter.registry.collect()
        return sorted(
            {
                family.name
                for family in families
                for sample in family.samples
                if family.name.startswith("db_client_") and sample.name.endswith("_count")
                if sample.value
            }
        )
