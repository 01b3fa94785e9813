"""Ours: `telemetry`, as a service would use it."""

from asyncio import Protocol

from starlette.types import ASGIApp

from bench.apps import handlers
from bench.variants import Built, Wiring
from telemetry.asyncpg import instrument_asyncpg
from telemetry.catalog.pipeline import SPANS_PROCESSED
from telemetry.redis import traced
from telemetry.redis_pool import measured_pool
from telemetry.runtime import Telemetry, TelemetrySettings


def build(wiring: Wiring) -> Built:
    """Return the application inside the single pass, everything on."""
    telemetry = started(wiring)
    return built(telemetry, telemetry.wrap(handlers.decisions()))


def build_asyncpg(wiring: Wiring) -> Built:
    """Return the application with its statement traced and measured, its requests not."""
    telemetry = started(wiring)
    instrument_asyncpg(telemetry.tracing, telemetry.meter)
    return built(telemetry, handlers.asyncpg_decisions(wiring.store))


def build_redis(wiring: Wiring) -> Built:
    """Return the application with its command and its pool measured, its requests not."""
    telemetry = started(wiring)
    client = traced(handlers.redis_client(wiring.store), telemetry.tracing, telemetry.meter)
    measured_pool(client.connection_pool, telemetry.meter, "redis")
    return built(telemetry, handlers.redis_decisions(client))


def started(wiring: Wiring, attributes: tuple[str, ...] = ()) -> Telemetry:
    """Return telemetry that is running, everything on."""
    telemetry = Telemetry(
        TelemetrySettings(
            service_name="bench",
            metrics_port=0,
            otlp_endpoint=wiring.collector,
            sampling_ratio=wiring.sampling,
            attributes=attributes,
        )
    )
    telemetry.start()
    return telemetry


def built(
    telemetry: Telemetry, app: ASGIApp, protocol: str | type[Protocol] = "httptools"
) -> Built:
    """Return the application as a contestant that delivers what it holds at its end."""

    def finish() -> int:
        telemetry.stop(deadline_seconds=30)
        return ended_spans(telemetry)

    return Built(app, telemetry.endpoint.port, finish, protocol)


def ended_spans(telemetry: Telemetry) -> int:
    """Return the sampled spans that ended, handed on or dropped."""
    name = SPANS_PROCESSED.prometheus_name
    families = telemetry.meter.registry.collect()
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return int(sum(sample.value for sample in samples))
