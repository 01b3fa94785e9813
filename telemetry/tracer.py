"""Starts spans: an OpenTelemetry `Tracer` whose spans are ours, and cheap.

Not sampled means not made: the children of an unsampled span only carry its identity on.
"""
# ruff: noqa: ARG002, FBT001, FBT002, PLR0913, PLR0917  # the API's signatures

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from telemetry.context import attach, detach
from telemetry.sampling import Sampling
from telemetry.spans import (
    NO_STATE,
    RecordedSpan,
    SharedAttributes,
    Sink,
    UnsampledSpan,
    new_trace_id,
)

_EMPTY: Final = Context()


class LeanTracer(trace.Tracer):
    """Starts spans that end in `sink`."""

    def __init__(self, sampling: Sampling, sink: Sink) -> None:
        self.sampling = sampling
        self.sink = sink

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, AttributeValue] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace.Span:
        """Start a span as a child of the context's span, or of none.

        `SharedAttributes` are not copied: their form on the wire serves every span that has them.
        """
        parent = trace.get_current_span(context)
        if isinstance(parent, RecordedSpan):
            if not parent.sampled:
                return UnsampledSpan(parent)
            span = RecordedSpan(
                name, kind, parent.trace_id, parent.flags, parent.trace_state, self.sink
            )
            span.parent_id = parent.span_id
        elif isinstance(parent, UnsampledSpan):
            return parent
        else:
            started = self._started(name, kind, parent.get_span_context())
            if not isinstance(started, RecordedSpan):
                return started
            span = started
        if attributes:
            if isinstance(attributes, SharedAttributes):
                span.shared = (attributes,)
            else:
                span.begin_with(attributes)
        if links:
            span.link_to(links)
        if start_time:
            span.start_time = start_time
        return span

    def _started(self, name: str, kind: SpanKind, parent: SpanContext) -> trace.Span:
        """Start a trace of its own, or go on with one that began in another process."""
        if parent.is_valid:
            if not parent.trace_flags.sampled:
                return NonRecordingSpan(parent)
            trace_id = parent.trace_id.to_bytes(16, "big")
            span = RecordedSpan(
                name, kind, trace_id, parent.trace_flags, parent.trace_state, self.sink
            )
            span.parent_id = parent.span_id.to_bytes(8, "big")
            span.parent_is_remote = parent.is_remote
            return span
        trace_id = new_trace_id()
        flags = self.sampling.flags_of(trace_id)
        span = RecordedSpan(name, kind, trace_id, flags, NO_STATE, self.sink)
        return span if span.sampled else UnsampledSpan(span)

    def start_as_current_span(  # type: ignore[override]  # leaner than the API's generator
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, AttributeValue] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> "CurrentSpan":
        """Start a span that is the current one for the block."""
        span = self.start_span(name, context, kind, attributes, links, start_time)
        return CurrentSpan(span, mark=set_status_on_exception, end=end_on_exit)


class CurrentSpan(AbstractContextManager[trace.Span]):
    """Makes a span the current one for a block, marks it if the block fails, and ends it."""

    __slots__ = ("_end", "_mark", "_span", "_token")

    def __init__(self, span: trace.Span, *, mark: bool = True, end: bool = True) -> None:
        self._span = span
        self._mark = mark
        self._end = end

    def __enter__(self) -> trace.Span:
        """Make the span current."""
        self._token = attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Make the span before it current again."""
        detach(self._token)
        if error is not None and self._mark:
            mark_failed(self._span, error)
        if self._end:
            self._span.end()


def mark_failed(span: trace.Span, error: BaseException) -> None:
    """Record on the span that it ended in `error`: status and class, not the message."""
    if span.is_recording():
        span.set_attribute("error.type", error_type_of(error))
        span.set_status(Status(StatusCode.ERROR))


def error_type_of(error: BaseException) -> str:
    """Return the `error.type` of an exception: its full class name, bare for builtins."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"
