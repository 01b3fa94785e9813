"""Telemetry about telemetry: the panels that say whether the other panels can be believed."""

from typing import Final

from dashboards.panels import timeseries
from dashboards.queries import gauge, rate, share
from telemetry.catalog import attributes
from telemetry.catalog.pipeline import (
    LOG_LINES,
    SCRAPES_REFUSED,
    SERIES_CAPPED,
    SPAN_QUEUE_CAPACITY,
    SPAN_QUEUE_SIZE,
    SPANS_EXPORTED,
    SPANS_PROCESSED,
)

_SPAN_ERROR: Final = SPANS_PROCESSED.label(attributes.ERROR_TYPE)
_LINE_ERROR: Final = LOG_LINES.label(attributes.ERROR_TYPE)

SIGNAL_HEALTH: Final = (
    timeseries(
        "Log lines",
        rate(LOG_LINES, by=(_LINE_ERROR,)),
        answers="How many log lines are written, and are any dropped?",
        if_wrong=(
            "queue_full: whatever reads the process's output is too slow. write_failed: the "
            "output is closed, or the disk behind it is full."
        ),
    ),
    timeseries(
        "Spans processed",
        rate(SPANS_PROCESSED, by=(_SPAN_ERROR,)),
        answers="How many spans reach the export queue, and are any dropped before it?",
        if_wrong="Dropped for a full queue: the collector is slow or away, or sample less.",
        when_empty="No span in this range",
    ),
    timeseries(
        "Spans exported",
        rate(SPANS_EXPORTED, by=(SPANS_EXPORTED.label(attributes.ERROR_TYPE),)),
        answers="How many spans does the collector accept, and why does it fail to?",
        if_wrong="Is Jaeger up, and is OTEL_EXPORTER_OTLP_ENDPOINT right? Requests go on without.",
        when_empty="No span in this range",
    ),
)

PIPELINE: Final = (
    *SIGNAL_HEALTH,
    timeseries(
        "Span queue, filled",
        share(gauge(SPAN_QUEUE_SIZE, "sum"), gauge(SPAN_QUEUE_CAPACITY, "sum")).named("filled"),
        answers="How full is the queue of spans that wait for export?",
        if_wrong="At 100 % spans are dropped: traces get holes, so exemplars may lead nowhere.",
        maximum=1,
    ),
    timeseries(
        "Measurements over a metric's bound",
        rate(SERIES_CAPPED, by=(SERIES_CAPPED.label("metric.name"),)),
        answers="Which metrics have so many label values that new ones are no longer told apart?",
        if_wrong="Find the label that grows without end, or raise the metric's max_series.",
        when_empty="No metric is at its bound",
    ),
    timeseries(
        "Scrapes refused",
        rate(SCRAPES_REFUSED).named("refused"),
        answers="Are there more scrapes at once than a process answers?",
        if_wrong="Who else scrapes the metrics port? One Prometheus never causes this.",
    ),
)
