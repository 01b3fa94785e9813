"""A span that costs what it holds: OpenTelemetry's `Span`, with plain attributes and no locks.

The SDK's span copies and cleans every attribute, keeps bounded lists and takes a lock; most of ours
have constant names and a handful of values that we made ourselves. `make bench` measures both. What
ends here goes to a sink as it is; `readable` gives the SDK's form of it to whoever needs that.
"""
# ruff: noqa: ARG002, FBT001, FBT002, PLR0913, PLR0917  # the API's signatures

import time
from collections.abc import Callable, Mapping, Sequence
from random import getrandbits
from types import MappingProxyType
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import Attributes, AttributeValue

from telemetry.catalog import CORRELATION_ID

SAMPLED_BIT: Final = int(TraceFlags.SAMPLED)
RANDOM_BIT: Final = int(TraceFlags.RANDOM_TRACE_ID)
NO_STATE: Final = TraceState()
MAX_ATTRIBUTES: Final = 64
MAX_LENGTH: Final = 1024
MAX_ITEMS: Final = 64
MAX_LINKS: Final = 32
SPAN_ATTRIBUTES: Final = "span_attributes"
SPAN_ATTRIBUTE_LENGTH: Final = "span_attribute_length"
SPAN_LINKS: Final = "span_links"

NOTHING_CUT: Final[dict[str, int]] = {}
"""What `cut` of most spans is; one that loses something has a dictionary of its own."""

Sink = Callable[["RecordedSpan"], None]


class SharedAttributes(dict[str, AttributeValue]):
    """Attributes that many spans have in common; `encoded` is their form on the wire, made once."""

    __slots__ = ("encoded",)

    def __init__(self, attributes: Mapping[str, AttributeValue] = MappingProxyType({})) -> None:
        super().__init__(attributes)
        self.encoded: bytes | None = None


def new_trace_id() -> bytes:
    """Return a random trace ID, never zero."""
    return (getrandbits(128) or 1).to_bytes(16, "big")


def _is_short(value: AttributeValue) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_LENGTH
    if isinstance(value, Sequence):
        return len(value) <= MAX_ITEMS and all(map(_is_short, value))
    return True


def _cut(value: AttributeValue) -> AttributeValue:
    if isinstance(value, str):
        return value[:MAX_LENGTH]
    items: Any = value
    return [_cut(item) if isinstance(item, str) else item for item in items[:MAX_ITEMS]]


class RecordedSpan(trace.Span):
    """A span under way, or ended. Belongs to one task at a time, so it takes no lock.

    Its identity is kept as bytes, as it is sent; the API's `SpanContext` is made where someone asks
    for it. `shared` are attributes that other spans have too, `attributes` its own; the
    `correlation_id` is one more, where it is set. `cut` says by bound how much it took away.
    """

    __slots__ = (
        *("name", "kind", "trace_id", "span_id", "parent_id", "parent_is_remote", "flags"),
        *("trace_state", "start_time", "end_time", "status_code", "shared", "attributes"),
        *("correlation_id", "links", "dropped_attributes", "dropped_links", "cut", "is_exemplar"),
        *("_sink", "_context"),
    )

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        trace_id: bytes,
        flags: int,
        trace_state: TraceState,
        sink: Sink,
    ) -> None:
        self.name = name
        self.kind = kind
        self.trace_id = trace_id
        self.span_id = (getrandbits(64) or 1).to_bytes(8, "big")
        self.parent_id = b""
        self.parent_is_remote = False
        self.flags = flags
        self.trace_state = trace_state
        self.end_time = 0
        self.status_code = StatusCode.UNSET
        self.shared: tuple[SharedAttributes, ...] = ()
        self.attributes: dict[str, AttributeValue] = {}
        self.correlation_id = ""
        self.links: Sequence[Link] = ()
        self.dropped_attributes = self.dropped_links = 0
        self.cut: dict[str, int] = NOTHING_CUT
        self.is_exemplar = False
        self._sink = sink
        self._context: SpanContext | None = None
        self.start_time = time.time_ns()

    @property
    def sampled(self) -> bool:
        """Whether the span is kept."""
        return bool(self.flags & SAMPLED_BIT)

    @property
    def context(self) -> SpanContext:
        """The span's identity."""
        if self._context is None:
            self._context = SpanContext(
                int.from_bytes(self.trace_id, "big"),
                int.from_bytes(self.span_id, "big"),
                is_remote=False,
                trace_flags=TraceFlags(self.flags),
                trace_state=self.trace_state,
            )
        return self._context

    @property
    def parent(self) -> SpanContext | None:
        """The identity of the parent, where there is one."""
        if not self.parent_id:
            return None
        return SpanContext(
            int.from_bytes(self.trace_id, "big"),
            int.from_bytes(self.parent_id, "big"),
            is_remote=self.parent_is_remote,
            trace_flags=TraceFlags(self.flags),
            trace_state=self.trace_state,
        )

    def keep(self) -> None:
        """Sample the span after all, unless it is."""
        if not self.flags & SAMPLED_BIT:
            self.flags |= SAMPLED_BIT
            self._context = None

    def end(self, end_time: int | None = None) -> None:
        """End the span, once; it goes to its sink."""
        if not self.end_time:
            self.end_time = end_time or time.time_ns()
            self._sink(self)

    def get_span_context(self) -> SpanContext:
        """Return the span's identity."""
        return self.context

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an attribute.

        Text is cut at 1,024 characters, a sequence at 64 items; the 65th attribute is dropped.
        """
        if self.end_time:
            return
        if len(self.attributes) >= MAX_ATTRIBUTES and key not in self.attributes:
            self.dropped_attributes += 1
            self._count_cut(SPAN_ATTRIBUTES)
            return
        if not _is_short(value):
            value = _cut(value)
            self._count_cut(SPAN_ATTRIBUTE_LENGTH)
        self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set several attributes."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def begin_with(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Take the attributes that a span is started with; nearly always they fit as they are."""
        if len(attributes) <= MAX_ATTRIBUTES and all(map(_is_short, attributes.values())):
            self.attributes = dict(attributes)
        else:
            self.set_attributes(attributes)

    def _count_cut(self, bound: str, times: int = 1) -> None:
        if not self.cut:
            self.cut = {}
        self.cut[bound] = self.cut.get(bound, 0) + times

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Do nothing: span events are deprecated, and a log line of the span says the same."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Do nothing: an exception is a log record, and its message stays in the process."""

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Link to another span."""
        self.link_to((Link(context, attributes),))

    def link_to(self, links: Sequence[Link]) -> None:
        """Link to other spans; the 33rd link is dropped."""
        linked = (*self.links, *links)
        self.links = linked[:MAX_LINKS]
        dropped = len(linked) - len(self.links)
        if dropped:
            self.dropped_links += dropped
            self._count_cut(SPAN_LINKS, dropped)

    def update_name(self, name: str) -> None:
        """Rename the span."""
        self.name = name

    def is_recording(self) -> bool:
        """Tell whether the span still takes what it is told."""
        return not self.end_time

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status; a description is dropped, since it quotes what failed."""
        code = status.status_code if isinstance(status, Status) else status
        if self.status_code is not StatusCode.OK and code is not StatusCode.UNSET:
            self.status_code = code

    def all_attributes(self) -> dict[str, AttributeValue]:
        """Return the shared attributes and the span's own."""
        merged: dict[str, AttributeValue] = {}
        for shared in self.shared:
            merged |= shared
        if self.correlation_id:
            merged[CORRELATION_ID] = self.correlation_id
        return merged | self.attributes

    def readable(self, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
        """Return the ended span as the SDK's exporters and tests know it."""
        return ReadableSpan(
            name=self.name,
            context=self.context,
            parent=self.parent,
            resource=resource,
            attributes=self.all_attributes(),
            links=tuple(self.links),
            kind=self.kind,
            status=Status(self.status_code),
            start_time=self.start_time,
            end_time=self.end_time,
            instrumentation_scope=scope,
        )


class UnsampledSpan(NonRecordingSpan):
    """Stands for every span below one that is not kept; carries that one's identity on."""

    def __init__(self, of: RecordedSpan) -> None:
        self._of = of

    def get_span_context(self) -> SpanContext:
        """Return the identity of the span that is not kept."""
        return self._of.context
