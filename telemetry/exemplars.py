"""Exemplars: the span that a measurement points to, on the way from a panel to a trace.

Only a span that is kept becomes one. It is marked, so that the export can tell how many of the
links it gave out lead somewhere (`telemetry.export`).
"""

import time

import prometheus_client.samples
from opentelemetry import trace

from telemetry.spans import SAMPLED_BIT, RecordedSpan, UnsampledSpan

Exemplar = tuple[bytes, bytes, float, float]
"""Trace ID, span ID, value, seconds since the epoch: written out only where a scrape asks for it.

The labels of one have 64 characters, half of the 128 that OpenMetrics allows ("Exemplars").
"""


def exemplar_of(span: trace.Span, value: float) -> Exemplar | None:
    """Return the exemplar of a value that was measured in `span`; None where it is not kept."""
    if isinstance(span, RecordedSpan):
        if not span.flags & SAMPLED_BIT:
            return None
        span.is_exemplar = True
        return span.trace_id, span.span_id, value, time.time()
    if isinstance(span, UnsampledSpan):
        return None
    context = span.get_span_context()
    if not context.trace_flags.sampled:
        return None
    trace_id, span_id = context.trace_id.to_bytes(16, "big"), context.span_id.to_bytes(8, "big")
    return trace_id, span_id, value, time.time()


def as_sample(exemplar: Exemplar) -> prometheus_client.samples.Exemplar:
    """Return an exemplar as the exposition writes it."""
    trace_id, span_id, value, epoch_seconds = exemplar
    labels = {"trace_id": trace_id.hex(), "span_id": span_id.hex()}
    return prometheus_client.samples.Exemplar(labels, value, epoch_seconds)
