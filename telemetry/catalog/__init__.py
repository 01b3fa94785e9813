"""The catalog: every signal that `telemetry` itself emits, declared once as plain data.

A service adds its own declarations (here: `app.signals`) with the same types.
"""

from typing import Final

from telemetry.catalog import attributes, database, http, messaging, pipeline, runtime
from telemetry.catalog.declarations import (
    Counter,
    DeclarationError,
    Event,
    Gauge,
    Histogram,
    Label,
    Metric,
    Span,
    SpanKind,
)
from telemetry.catalog.objectives import (
    Availability,
    Freshness,
    Latency,
    Losses,
    Matcher,
    Objective,
)

METRICS: Final[tuple[Metric, ...]] = (
    *http.METRICS,
    *database.METRICS,
    *messaging.METRICS,
    *runtime.METRICS,
    *pipeline.METRICS,
)
EVENTS: Final[tuple[Event, ...]] = http.EVENTS
SPANS: Final[tuple[Span, ...]] = database.SPANS

CORRELATION_ID: Final = "correlation_id"
"""On server spans and on log lines; OpenTelemetry has no name for it."""

ATTRIBUTES: Final[frozenset[str]] = frozenset(
    (
        *(name for key, name in vars(attributes).items() if key.isupper()),
        *(label.attribute for metric in METRICS for label in metric.labels),
        database.BATCH_SIZE,
        database.PROCEDURE_NAME,
        database.RETURNED_ROWS,
        CORRELATION_ID,
    )
)
"""What may leave in a span or a log line of any service; see `telemetry.allow_list`."""

__all__ = [
    "ATTRIBUTES",
    "CORRELATION_ID",
    "EVENTS",
    "METRICS",
    "SPANS",
    "Availability",
    "Counter",
    "DeclarationError",
    "Event",
    "Freshness",
    "Gauge",
    "Histogram",
    "Label",
    "Latency",
    "Losses",
    "Matcher",
    "Metric",
    "Objective",
    "Span",
    "SpanKind",
]
