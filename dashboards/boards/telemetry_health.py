"""Telemetry about telemetry: whether the other boards can be believed, and which bound has cut."""

from typing import Final

from dashboards.boards.watchers import WATCHERS
from dashboards.model import Board, Quiet, Row, Shown
from dashboards.panels import bad_from, timeseries
from dashboards.queries import INSTANCE, JOB, above_zero, gauge, rate, share
from telemetry.catalog import Matcher, attributes
from telemetry.catalog.pipeline import (
    ATTRIBUTES_DROPPED,
    EXEMPLAR_LINKS,
    INPUT_REFUSED,
    LINK_LOST,
    LOG_LINES,
    LOG_QUEUE_CAPACITY,
    LOG_QUEUE_HELD,
    LOG_QUEUE_LIMIT,
    LOG_QUEUE_SIZE,
    METRIC_SERIES,
    SCRAPES_REFUSED,
    SERIES_CAPPED,
    SIGNALS_CUT,
    SPAN_QUEUE_CAPACITY,
    SPAN_QUEUE_SIZE,
    SPANS_EXPORTED,
    SPANS_PROCESSED,
    THREAD_FAILURES,
)

_SPAN_ERROR: Final = SPANS_PROCESSED.label(attributes.ERROR_TYPE)
_LINE_ERROR: Final = LOG_LINES.label(attributes.ERROR_TYPE)
_OUTCOME: Final = EXEMPLAR_LINKS.label("telemetry.outcome")
_FULL: Final = bad_from(0.9, watch=0.5)
_PROCESS: Final = (JOB, INSTANCE)

SIGNAL_HEALTH: Final = (
    timeseries(
        "Log lines",
        rate(LOG_LINES, by=(_LINE_ERROR,)),
        answers="How many log lines are written, and are any dropped?",
        if_wrong=(
            "queue_full: whatever reads the process's output is too slow. write_failed: the "
            "output is closed, or the disk behind it is full. already_shutdown: a stop came before "
            "they were out."
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
        # Each kind of failure is there from the start, at zero.
        above_zero(rate(SPANS_EXPORTED, by=(SPANS_EXPORTED.label(attributes.ERROR_TYPE),))),
        answers="How many spans does the collector accept, and why does it fail to?",
        if_wrong="Is Jaeger up, and is OTEL_EXPORTER_OTLP_ENDPOINT right? Requests go on without.",
        when_empty="No span in this range",
    ),
)
"""Also on the service overview: the three that say whether anything is lost now."""

_QUEUES: Final = (
    timeseries(
        "Span queue, filled",
        share(gauge(SPAN_QUEUE_SIZE, "sum"), gauge(SPAN_QUEUE_CAPACITY, "sum")).named("filled"),
        answers="How full is the queue of spans that wait for export?",
        if_wrong="At 100 % spans are dropped: traces get holes, so exemplars may lead nowhere.",
        maximum=1,
        steps=_FULL,
        width=6,
    ),
    timeseries(
        "Log queue, filled",
        share(gauge(LOG_QUEUE_SIZE, "sum"), gauge(LOG_QUEUE_CAPACITY, "sum")).named("lines"),
        share(gauge(LOG_QUEUE_HELD, "sum"), gauge(LOG_QUEUE_LIMIT, "sum")).named("bytes"),
        answers="How full is the queue of lines that wait to be written, by number and by size?",
        if_wrong="At 100 % of either, lines are dropped: what reads the output, and is it blocked?",
        maximum=1,
        steps=_FULL,
        width=6,
    ),
    timeseries(
        "Exemplars whose trace was lost",
        share(
            rate(EXEMPLAR_LINKS, where=(Matcher(_OUTCOME, "=", LINK_LOST),)),
            rate(EXEMPLAR_LINKS),
        ).named("lost"),
        answers="What share of the points on the panels leads to a trace that is not there?",
        if_wrong="The spans that they point to were dropped or not taken: see the spans above.",
        maximum=1,
        when_empty="No exemplar in this range",
        width=6,
    ),
    timeseries(
        "Failures in telemetry's threads",
        rate(THREAD_FAILURES, by=(THREAD_FAILURES.label("thread.name"),)),
        answers="Does a thread of telemetry meet errors that nobody expected?",
        if_wrong="It goes on after each; report it as a defect, with the process's last log lines.",
        when_empty="No failure",
        width=6,
    ),
)

_BOUNDS: Final = (
    timeseries(
        "Label combinations",
        gauge(METRIC_SERIES, "max", by=_PROCESS),
        answers="How many series does each process keep for its own metrics?",
        if_wrong="Growth that follows the traffic: a label has values that clients choose.",
    ),
    timeseries(
        "Measurements over a metric's bound",
        rate(SERIES_CAPPED, by=(SERIES_CAPPED.label("metric.name"),)),
        answers="Which metrics have so many label values that new ones are no longer told apart?",
        if_wrong="Find the label that grows without end, or raise the metric's max_series.",
        when_empty="No metric is at its bound",
        quiet=Quiet(
            "Every label is bounded before a metric comes to its own bound.",
            Shown.SAMPLES,
        ),
    ),
    timeseries(
        "Input not taken",
        rate(INPUT_REFUSED, by=(INPUT_REFUSED.label("telemetry.input"),)),
        answers="What do clients send that is malformed, sent twice, or over its bound?",
        if_wrong=(
            "traceparent from all clients alike: a proxy in front writes it badly. From one: that "
            "client. No request fails by it; it only starts a trace of its own."
        ),
    ),
    timeseries(
        "Signals cut",
        rate(SIGNALS_CUT, by=(SIGNALS_CUT.label("telemetry.bound"),)),
        answers="Which bound of spans and log lines cuts what the service itself wants to tell?",
        if_wrong="The code sets too much or too long: look for what changed last.",
    ),
    timeseries(
        "Attributes nobody declared",
        rate(ATTRIBUTES_DROPPED, by=(ATTRIBUTES_DROPPED.label("telemetry.signal"),)),
        answers="Does the code set attributes that the allow-list does not know?",
        if_wrong="Declare them in TelemetrySettings.attributes, or stop setting them.",
    ),
    timeseries(
        "Scrapes refused",
        rate(SCRAPES_REFUSED, by=(SCRAPES_REFUSED.label(attributes.ERROR_TYPE),)),
        answers="Are there more scrapes at once than a process answers, or readers that stall?",
        if_wrong="Who else scrapes the metrics port? One Prometheus never causes this.",
    ),
)

TELEMETRY_HEALTH: Final = Board(
    slug="telemetry-health",
    title="Telemetry health",
    description="Whether the other boards can be believed: what was lost or cut, and where.",
    rows=(
        Row("Lost", SIGNAL_HEALTH),
        Row("On the way", _QUEUES),
        Row("Bounds", _BOUNDS),
        Row("What watches", WATCHERS),
    ),
)
