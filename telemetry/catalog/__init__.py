"""The catalog: every signal that `telemetry` itself emits, declared once as plain data.

A service adds its own declarations (here: `app.signals`) with the same types.
"""

from typing import Final

from telemetry.catalog import database, http, messaging, pipeline, runtime
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
from telemetry.catalog.objectives import Availability, Latency, Matcher, Objective

METRICS: Final[tuple[Metric, ...]] = (
    *http.METRICS,
    *database.METRICS,
    *messaging.METRICS,
    *runtime.METRICS,
    *pipeline.METRICS,
)
EVENTS: Final[tuple[Event, ...]] = http.EVENTS
SPANS: Final[tuple[Span, ...]] = database.SPANS

__all__ = [
    "EVENTS",
    "METRICS",
    "SPANS",
    "Availability",
    "Counter",
    "DeclarationError",
    "Event",
    "Gauge",
    "Histogram",
    "Label",
    "Latency",
    "Matcher",
    "Metric",
    "Objective",
    "Span",
    "SpanKind",
]
