"""One object that is a service's telemetry: built at start, stopped last.

    telemetry = Telemetry(TelemetrySettings(service_name="shop"))
    telemetry.start()
    app = telemetry.wrap(app)
    ...
    telemetry.stop()

Order of the stop: the endpoint first, then the spans, then the log, each within the deadline.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.types import ASGIApp, Scope

from telemetry import logging as telemetry_logging
from telemetry.access_log import AccessLog
from telemetry.allow_list import LOG, SPAN, AllowList
from telemetry.bounds import Bounds
from telemetry.catalog.pipeline import ATTRIBUTES_DROPPED, BUILD_INFO
from telemetry.catalog.runtime import CLOCK
from telemetry.destinations import JsonFile, OtlpHttp
from telemetry.event_loop import watched_event_loop
from telemetry.export import SpanExport, SpanSink
from telemetry.exposition import MetricsEndpoint
from telemetry.log_writer import LineSink, LogWriter
from telemetry.metrics import Meter
from telemetry.middleware import TelemetryMiddleware
from telemetry.pseudonyms import Pseudonyms
from telemetry.reporter import Reporter
from telemetry.routes import RouteTemplates
from telemetry.sampling import Sampling
from telemetry.settings import TelemetrySettings
from telemetry.tracing import SCHEMA_URL, Tracing

__all__ = ["Telemetry", "TelemetrySettings"]

_REQUESTS_IN_A_BATCH: Final = 32


class Telemetry:
    """Meter, tracing, logs and the metrics endpoint of one process.

    `span_sink` and `line_sink` replace the export and the log writer; tests use them.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        *,
        span_sink: SpanSink | None = None,
        line_sink: LineSink | None = None,
    ) -> None:
        self.settings = settings
        self.instance_id = str(uuid.uuid4())
        resource = self._resource()
        self.meter = Meter(CollectorRegistry())
        self._bounds = Bounds(self.meter)
        self.allowed = AllowList(settings.attributes, self._dropped_attributes())
        self.pseudonyms = Pseudonyms(settings.pseudonym_key)
        self._export = None if span_sink else self._make_export(resource)
        self._writer = None if line_sink else LogWriter(self.meter)
        spans = span_sink or self._export
        assert spans is not None  # noqa: S101  # one of the two, by the lines above
        sampling = Sampling(
            settings.sampling_ratio,
            settings.remote_sampling_ratio,
            settings.slow_seconds,
            settings.access_log_ratio,
        )
        self.tracing = Tracing(resource, sampling, spans.put, spans)
        sink = line_sink or self._writer
        assert sink is not None  # noqa: S101  # one of the two, by the lines above
        render = telemetry_logging.RENDERERS[settings.log_format]
        self.lines = telemetry_logging.Lines(sink, render, settings.service_name, self.allowed)
        self._access_log = AccessLog(
            sink, render, settings.service_name, self.allowed, settings.log_level
        )
        self.endpoint = MetricsEndpoint(self.meter, settings.metrics_host, settings.metrics_port)
        self._reporters: list[Reporter] = []
        self._restore_logging: Callable[[], None] | None = None
        self._collect_process()

    def start(self) -> None:
        """Configure logging, start the threads and the endpoint; `StartError` if it cannot."""
        self.endpoint.start()
        self._restore_logging = telemetry_logging.configure(self.lines, self.settings.log_level)
        if self._writer:
            self._writer.start()
        if self._export:
            self._export.start()

    def wrap(
        self, app: ASGIApp, route_of: Callable[[Scope], str | None] | None = None
    ) -> TelemetryMiddleware:
        """Return the application inside the single pass; it must be the outermost layer.

        `route_of` returns the route template (`/reports/{task_id}`) of a scope that has been
        served, None where none matched; by default as Starlette's routing leaves it.
        """
        reporter = Reporter(
            self.tracing.tracer.sampling,
            self.meter,
            self.lines,
            self._access_log,
            route_of or RouteTemplates(app),
            batch=_REQUESTS_IN_A_BATCH if self._export else 1,
            refused=self._bounds.refused,
        )
        self._reporters.append(reporter)
        return TelemetryMiddleware(
            app,
            tracer=self.tracing.tracer,
            meter=self.meter,
            reporter=reporter,
            known_methods=self.settings.known_methods,
            refused=self._bounds.refused,
        )

    def watch_event_loop(self) -> AbstractAsyncContextManager[None]:
        """Measure the running event loop's lag while the returned context is open."""
        return watched_event_loop(self.meter)

    def stop(self, deadline_seconds: float = 5.0) -> None:
        """Deliver what is queued and end, within the deadline. Blocks: not for an event loop."""
        until = time.monotonic() + deadline_seconds
        for reporter in self._reporters:
            reporter.flush()
        self.endpoint.stop()
        if self._export:
            self._export.stop(max(0.0, until - time.monotonic() - 0.5))
        if self._restore_logging:
            self._restore_logging()
            self._restore_logging = None
        if self._writer:
            self._writer.stop(max(0.2, until - time.monotonic()))

    def _resource(self) -> Resource:
        settings = self.settings
        attributes = {
            "service.name": settings.service_name,
            "service.version": settings.service_version,
            "service.instance.id": self.instance_id,
            "deployment.environment.name": settings.environment,
        }
        if settings.service_namespace:
            attributes["service.namespace"] = settings.service_namespace
        return Resource.create(attributes, SCHEMA_URL)

    def _make_export(self, resource: Resource) -> SpanExport:
        settings = self.settings
        if settings.traces_file is not None:
            return SpanExport(JsonFile(settings.traces_file, resource, self.allowed), self.meter)
        collector = OtlpHttp(
            settings.otlp_endpoint,
            settings.otlp_headers,
            resource,
            self.allowed,
            compressed=settings.otlp_compression == "gzip",
        )
        return SpanExport(collector, self.meter)

    def _dropped_attributes(self) -> Callable[[str], None]:
        counter = self.meter.counter(ATTRIBUTES_DROPPED)
        for signal in (SPAN, LOG):
            counter.add(0, signal)  # born at 0, or a first drop would be no increase
        return lambda signal: counter.add(1, signal)

    def _collect_process(self) -> None:
        registry = self.meter.registry
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        # Asked by name: what `time` says at the scrape, not what it said at the start.
        self.meter.gauge(CLOCK).set_function(lambda: time.time())  # noqa: PLW0108  # see above
        self.meter.gauge(BUILD_INFO).set(1, self.settings.service_version, self.instance_id)
