"""Spans from declarations: `with tracing.span(DECLARATION): ...`.

The SDK makes the spans; `telemetry.export` takes them away. An exception that passes through sets
the status and `error.type`, never its message: messages carry values that must not leave.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from telemetry import catalog
from telemetry.catalog.attributes import ERROR_TYPE

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


def error_type_of(error: BaseException) -> str:
    """Return the `error.type` of an exception: its full class name, bare for builtins."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


class Tracing:
    """The tracer of a service. `provider` is for instrumentation that wants one."""

    def __init__(
        self, resource: Resource, processor: SpanProcessor, *, sampling_ratio: float
    ) -> None:
        self.provider = TracerProvider(
            resource=resource,
            sampler=ParentBased(TraceIdRatioBased(sampling_ratio)),
            span_limits=_LIMITS,
            shutdown_on_exit=False,  # `Telemetry.stop` ends the export, with a deadline
        )
        self.provider.add_span_processor(processor)
        self.tracer = self.provider.get_tracer("telemetry", schema_url=SCHEMA_URL)

    @contextmanager
    def span(
        self,
        declaration: catalog.Span,
        attributes: Mapping[str, AttributeValue] | None = None,
        *,
        links: Sequence[Link] = (),
        context: Context | None = None,
        new_trace: bool = False,
    ) -> Iterator[trace.Span]:
        """Open a span for the block, as a child of the current one unless `new_trace`."""
        with self.tracer.start_as_current_span(
            declaration.name,
            context=Context() if new_trace else context,
            kind=_KINDS[declaration.kind],
            attributes=attributes,
            links=links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                mark_failed(span, error)
                raise


def mark_failed(span: trace.Span, error: BaseException) -> None:
    """Record on the span that it ended in `error`: status and class, not the message."""
    if span.is_recording():
        span.set_attribute(ERROR_TYPE, error_type_of(error))
        span.set_status(Status(StatusCode.ERROR))
