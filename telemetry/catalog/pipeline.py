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
LINK_EXPORTED: Final = "exported"
LINK_LOST: Final = "lost"
LINK_OUTCOMES: Final = (LINK_EXPORTED, LINK_LOST)
EXEMPLAR_LINKS: Final = Counter(
    name="telemetry.exemplar.links",
    unit="{link}",
    description="Spans that exemplars point to: in the collector, so that the link leads there, or"
    " lost on the way.",
    labels=(Label("telemetry.outcome", LINK_OUTCOMES),),
)
THREAD_FAILURES: Final = Counter(
    name="telemetry.thread.failures",
    unit="{failure}",
    description="Errors that nobody expected in a thread of telemetry, which goes on after them.",
    labels=(Label("thread.name"),),
)
ATTRIBUTES_DROPPED: Final = Counter(
    name="telemetry.attributes.dropped",
    unit="{attribute}",
    description="Attributes that nobody had declared, left out of a span or of a log line.",
    labels=(Label("telemetry.signal", ("span", "log")),),
)
LINE_QUEUE_FULL: Final = "queue_full"
LINE_NOT_WRITTEN: Final = "write_failed"
LINE_AFTER_STOP: Final = "already_shutdown"
LINE_LOSSES: Final = (LINE_QUEUE_FULL, LINE_NOT_WRITTEN, LINE_AFTER_STOP)
LOG_LINES: Final = Counter(
    name="telemetry.log.lines",
    unit="{line}",
    description="Log lines written, or dropped for the reason in error_type.",
    labels=(Label(attributes.ERROR_TYPE, ("", *LINE_LOSSES)),),
)
LOG_QUEUE_SIZE: Final = Gauge(
    name="telemetry.log.queue.size",
    unit="{line}",
    description="Log lines that wait to be written.",
)
LOG_QUEUE_CAPACITY: Final = Gauge(
    name="telemetry.log.queue.capacity",
    unit="{line}",
    description="The most log lines that may wait; past it they are dropped and counted.",
)
LOG_QUEUE_HELD: Final = Gauge(
    name="telemetry.log.queue.held",
    unit="By",
    description="Bytes of the log lines that wait to be written, or are being written.",
)
LOG_QUEUE_LIMIT: Final = Gauge(
    name="telemetry.log.queue.limit",
    unit="By",
    description="The most bytes of log lines that may wait; past it they are dropped and counted.",
)
METRIC_SERIES: Final = Gauge(
    name="telemetry.metric.series",
    unit="{series}",
    description="Label combinations that this process's own metrics keep; a histogram's is one.",
)
SERIES_CAPPED: Final = Counter(
    name="telemetry.metric.series_capped",
    unit="{measurement}",
    description="Measurements that went to the overflow series because a metric was at its bound.",
    labels=(Label("metric.name"),),
)
SCRAPE_REFUSALS: Final = ("too_many_connections", "no_thread", "busy", "reader_stalled")
SCRAPES_REFUSED: Final = Counter(
    name="telemetry.scrapes_refused",
    unit="{scrape}",
    description="Scrapers' connections turned away or cut off, for the reason in error_type.",
    labels=(Label(attributes.ERROR_TYPE, SCRAPE_REFUSALS),),
)
INPUTS: Final = (
    "traceparent",
    "tracestate",
    "baggage",
    "correlation_id",
    "user_agent",
    "host",
    "query",
    "client",
)
INPUT_REFUSED: Final = Counter(
    name="telemetry.input.refused",
    unit="{value}",
    description="Values that clients sent and telemetry did not take, or took cut to their bound.",
    labels=(Label("telemetry.input", INPUTS),),
)
SIGNAL_BOUNDS: Final = ("span_attributes", "span_attribute_length", "span_links", "log_line")
SIGNALS_CUT: Final = Counter(
    name="telemetry.signals.cut",
    unit="{part}",
    description="Parts of spans and log lines that were dropped or shortened at a bound.",
    labels=(Label("telemetry.bound", SIGNAL_BOUNDS),),
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
    EXEMPLAR_LINKS,
    THREAD_FAILURES,
    ATTRIBUTES_DROPPED,
    LOG_LINES,
    LOG_QUEUE_SIZE,
    LOG_QUEUE_CAPACITY,
    LOG_QUEUE_HELD,
    LOG_QUEUE_LIMIT,
    METRIC_SERIES,
    SERIES_CAPPED,
    SCRAPES_REFUSED,
    INPUT_REFUSED,
    SIGNALS_CUT,
    BUILD_INFO,
)
