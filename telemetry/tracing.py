"""Spans from declarations: `with tracing.span(DECLARATION): ...`.

Our own spans come from `telemetry.tracer`, those of foreign instrumentation from the SDK's
provider; both end in the same export. An exception that passes through sets the status and
`error.type`, never its message: messages carry values that must not leave.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind
from opentelemetry.util.types import AttributeValue

from telemetry import catalog
from telemetry.sampling import Sampling
from telemetry.spans import Sink
from telemetry.tracer import CurrentSpan, LeanTracer, error_type_of, mark_failed

__all__ = ["SCHEMA_URL", "Tracing", "error_type_of", "mark_failed"]

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"

_KINDS: Final = {kind: SpanKind[kind.name] for kind in catalog.SpanKind}
_LIMITS: Final = SpanLimits(
    max_span_attributes=64,
    max_span_attribute_length=1024,
    max_attributes=64,
    max_attribute_length=1024,
    max_events=16,
    max_links=32,
)


class Tracing:
    """The tracer of a service. `provider` is for instrumentation that wants the SDK's."""

    def __init__(
        self, resource: Resource, sampling: Sampling, sink: Sink, processor: SpanProcessor
    ) -> None:
        self.tracer = LeanTracer(sampling, sink)
        self.provider = TracerProvider(
            resource=resource,
            sampler=ParentBased(TraceIdRatioBased(sampling.ratio)),
            span_limits=_LIMITS,
            shutdown_on_exit=False,  # `Telemetry.stop` ends the export, with a deadline
        )
        self.provider.add_span_processor(processor)

    def span(
        self,
        declaration: catalog.Span,
        attributes: Mapping[str, AttributeValue] | None = None,
        *,
        links: Sequence[Link] = (),
        context: Context | None = None,
        new_trace: bool = False,
    ) -> CurrentSpan:
        """Open a span for a `with` block, as a child of the current one unless `new_trace`."""
        span = self.tracer.start_span(
            declaration.name,
            Context() if new_trace else context,
            _KINDS[declaration.kind],
            attributes,
            links,
        )
        return CurrentSpan(span)
