"""Starts spans: an OpenTelemetry `Tracer` whose spans are ours, and cheap.

Not sampled means not made: the children of an unsampled span only carry its identity on.
"""
# ruff: noqa: ARG002, FBT001, FBT002, FBT003, PLR0913, PLR0917  # the API's signatures

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from telemetry.sampling import Sampling
from telemetry.spans import (
    NO_STATE,
    NOT_SAMPLED,
    SAMPLED,
    RecordedSpan,
    Sink,
    new_span_id,
    new_trace_id,
)

_EMPTY: Final = Context()


class LeanTracer(trace.Tracer):
    """Starts spans that end in `sink`."""

    def __init__(self, sampling: Sampling, sink: Sink) -> None:
        self.sampling = sampling
        self._sink = sink

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
        """Start a span as a child of the context's span, or of none."""
        parent = trace.get_current_span(context).get_span_context()
        if not parent.is_valid:
            span_context = self.root_context()
            if not span_context.trace_flags.sampled:
                return NonRecordingSpan(span_context)
            return RecordedSpan(
                name, kind, span_context, None, dict(attributes or {}), self._sink, links or ()
            )
        if not parent.trace_flags.sampled:
            return NonRecordingSpan(parent)
        return RecordedSpan(
            name,
            kind,
            child_context(parent),
            parent,
            dict(attributes or {}),
            self._sink,
            links or (),
            start_time,
        )

    def start_request(self, name: str, remote: SpanContext | None) -> RecordedSpan:
        """Start a server span; it records even where unsampled, so that a failure can be kept."""
        if remote is None:
            context = self.root_context()
        else:
            flags = SAMPLED if self.sampling.follows(remote) else NOT_SAMPLED
            if not remote.trace_flags.random_trace_id:
                flags = trace.TraceFlags(flags & trace.TraceFlags.SAMPLED)
            context = SpanContext(
                remote.trace_id,
                new_span_id(),
                False,
                flags,
                remote.trace_state,
            )
        return RecordedSpan(name, SpanKind.SERVER, context, remote, {}, self._sink)

    def root_context(self) -> SpanContext:
        """Return the identity of a new trace's first span, its sampling decided."""
        trace_id = new_trace_id()
        flags = SAMPLED if self.sampling.begins(trace_id) else NOT_SAMPLED
        return SpanContext(trace_id, new_span_id(), False, flags, NO_STATE)

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


def child_context(parent: SpanContext) -> SpanContext:
    """Return the identity of a new child."""
    return SpanContext(
        parent.trace_id,
        new_span_id(),
        False,
        parent.trace_flags,
        parent.trace_state,
    )


class CurrentSpan(AbstractContextManager[trace.Span]):
    """Makes a span the current one for a block, marks it if the block fails, and ends it."""

    __slots__ = ("_end", "_mark", "_span", "_token")

    def __init__(self, span: trace.Span, *, mark: bool = True, end: bool = True) -> None:
        self._span = span
        self._mark = mark
        self._end = end

    def __enter__(self) -> trace.Span:
        """Make the span current."""
        self._token = otel_context.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Make the span before it current again."""
        otel_context.detach(self._token)
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
