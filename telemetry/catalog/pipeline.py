"""Telemetry about telemetry: what was exported, what was dropped, and why.

Names follow "SDK metrics" of the semantic conventions where those exist.
"""

from typing import Final

from telemetry.catalog import attributes
from telemetry.catalog.declarations import Counter, Gauge, Label

SPAN_ERROR: Final = Label(attributes.ERROR_TYPE)

SPANS_PROCESSED: Final = Counter(
    name="otel.sdk.processor.span.processed",
    unit="{span}",
    description="Spans handed to the exporter, or dropped for the reason in error_type.",
    labels=(SPAN_ERROR,),
)
SPANS_EXPORTED: Final = Counter(
    name="otel.sdk.exporter.span.exported",
    unit="{span}",
    description="Spans that the collector accepted, or that failed for the reason in error_type.",
    labels=(SPAN_ERROR,),
)
SPAN_QUEUE_SIZE: Final = Gauge(
    name="otel.sdk.processor.span.queue.size",
    unit="{span}",
    description="Spans that wait for export.",
)
SPAN_QUEUE_CAPACITY: Final = Gauge(
    name="otel.sdk.processor.span.queue.capacity",
    unit="{span}",
    description="The most spans that may wait for export; past it they are dropped and counted.",
)
LOG_LINES: Final = Counter(
    name="telemetry.log.lines",
    unit="{line}",
    description="Log lines written, or dropped for the reason in error_type.",
    labels=(Label(attributes.ERROR_TYPE, ("", "queue_full", "write_failed")),),
)
SERIES_CAPPED: Final = Counter(
    name="telemetry.metric.series_capped",
    unit="{measurement}",
    description="Measurements that went to the overflow series because a metric was at its bound.",
    labels=(Label("metric.name"),),
)
SCRAPES_REFUSED: Final = Counter(
    name="telemetry.scrapes_refused",
    unit="{scrape}",
    description="Scrapes refused because as many as allowed were being answered.",
)
BUILD_INFO: Final = Gauge(
    name="service.build.info",
    unit="{info}",
    description="The running build, as labels of a constant 1.",
    labels=(Label("service.version"), Label("service.instance.id")),
)

METRICS: Final = (
    SPANS_PROCESSED,
    SPANS_EXPORTED,
    SPAN_QUEUE_SIZE,
    SPAN_QUEUE_CAPACITY,
    LOG_LINES,
    SERIES_CAPPED,
    SCRAPES_REFUSED,
    BUILD_INFO,
)
