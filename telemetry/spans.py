"""A span that costs what it holds: OpenTelemetry's `Span`, with plain attributes and no locks.

The SDK's span copies and cleans every attribute, keeps bounded lists and takes a lock; most of ours
have constant names and a handful of values that we made ourselves. `make bench` measures both. What
ends here goes to a sink as it is; `readable` gives the SDK's form of it to whoever needs that.
"""
# ruff: noqa: ARG002, FBT001, FBT002, PLR0913, PLR0917  # the API's signatures

import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

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

SAMPLED_BIT: Final = int(TraceFlags.SAMPLED)
RANDOM_BIT: Final = int(TraceFlags.RANDOM_TRACE_ID)
NO_STATE: Final = TraceState()
MAX_ATTRIBUTES: Final = 64
MAX_LENGTH: Final = 1024
MAX_LINKS: Final = 32
SPAN_ATTRIBUTES: Final = "span_attributes"
SPAN_ATTRIBUTE_LENGTH: Final = "span_attribute_length"
SPAN_LINKS: Final = "span_links"

Sink = Callable[["RecordedSpan"], None]


class SharedAttributes(dict[str, AttributeValue]):
    """Attributes that many spans have in common; `encoded` is their form on the wire, made once."""

    __slots__ = ("encoded",)

    def __init__(self, attributes: Mapping[str, AttributeValue] = MappingProxyType({})) -> None:
        super().__init__(attributes)
        self.encoded: bytes | None = None


def new_trace_id() -> int:
    """Return a random trace ID, never zero."""
    return random.getrandbits(128) or 1


class RecordedSpan(trace.Span):
    """A span under way, or ended. Belongs to one task at a time, so it takes no lock.

    Its identity is kept as numbers; the API's `SpanContext` is made where someone asks for it.
    `shared` are attributes that other spans have too, `attributes` its own. What most spans never
    change is the class's. `cut` has the name of a bound for each thing that it took away.
    """

    parent_id: int = 0
    parent_is_remote: bool = False
    shared: tuple[SharedAttributes, ...] = ()
    links: Sequence[Link] = ()
    end_time: int = 0
    status_code: StatusCode = StatusCode.UNSET
    dropped_attributes: int = 0
    dropped_links: int = 0
    cut: tuple[str, ...] = ()
    is_exemplar: bool = False
    _context: SpanContext | None = None

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        trace_id: int,
        flags: int,
        trace_state: TraceState,
        sink: Sink,
    ) -> None:
        self.name = name
        self.kind = kind
        self.trace_id = trace_id
        self.span_id = random.getrandbits(64) or 1
        self.flags = flags
        self.trace_state = trace_state
        self.attributes: dict[str, AttributeValue] = {}
        self.start_time = time.time_ns()
        self._sink = sink

    @property
    def sampled(self) -> bool:
        """Whether the span is kept."""
        return bool(self.flags & SAMPLED_BIT)

    @property
    def context(self) -> SpanContext:
        """The span's identity."""
        if self._context is None:
            self._context = SpanContext(
                self.trace_id,
                self.span_id,
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
            self.trace_id,
            self.parent_id,
            is_remote=self.parent_is_remote,
            trace_flags=TraceFlags(self.flags),
            trace_state=self.trace_state,
        )

    def keep(self) -> None:
        """Sample the span after all."""
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
        """Set an attribute; text is cut at 1,024 characters, the 65th attribute is dropped."""
        if isinstance(value, str) and len(value) > MAX_LENGTH:
            value = value[:MAX_LENGTH]
            self.cut += (SPAN_ATTRIBUTE_LENGTH,)
        if len(self.attributes) >= MAX_ATTRIBUTES and key not in self.attributes:
            self.dropped_attributes += 1
            self.cut += (SPAN_ATTRIBUTES,)
        elif not self.end_time:
            self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set several attributes."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

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
        self.dropped_links += dropped
        self.cut += (SPAN_LINKS,) * dropped

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
