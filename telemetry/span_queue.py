"""Spans that wait, encoded, between whoever ended them and the thread that sends them.

What a thread of telemetry does in Python keeps every request waiting. So nothing here is done span
by span but the appending: what the sender wants to know of a batch (which spans exemplars point to,
whose spans they are) is kept by where a span waits, and a batch is taken by the slice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

OWN_SCOPE: Final = InstrumentationScope("telemetry")
"""What our own spans name as their instrumentation."""

_CUT: Final = 64
"""Spans that are cut off in one go: by how many of them a batch may pass its bytes."""

ForeignSpan = tuple[InstrumentationScope, bytes]
"""The instrumentation that made a span of the SDK, and the span's form on the wire."""

_Span = TypeVar("_Span")


@dataclass(slots=True)
class SpanBatch:
    """Encoded spans: our own that exemplars point to, our own others, and those of the SDK."""

    linked: list[bytes] = field(default_factory=list)
    plain: list[bytes] = field(default_factory=list)
    foreign: list[ForeignSpan] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.linked) + len(self.plain) + len(self.foreign)

    @property
    def links(self) -> int:
        """How many exemplars point to a span of the batch."""
        return len(self.linked)

    def groups(self) -> Iterator[tuple[InstrumentationScope, list[bytes]]]:
        """Yield the spans by the instrumentation that made them."""
        if self.linked or self.plain:
            yield OWN_SCOPE, self.linked + self.plain
        # By identity: a scope's own hash walks all its fields, which costs as much as the rest.
        groups: dict[int, tuple[InstrumentationScope, list[bytes]]] = {}
        for scope, data in self.foreign:
            groups.setdefault(id(scope), (scope, []))[1].append(data)
        yield from groups.values()


class SpanQueue:
    """Many may append, one at a time may take: a slice, and its removal, of what came first.

    Without a lock, which a finaliser whose span ends while its own thread holds it would wait for
    without end. `added_bytes` and `taken_bytes` are two sums, a writer each, for the same reason.
    """

    __slots__ = ("_foreign", "_linked", "_plain", "added_bytes", "taken_bytes")

    def __init__(self) -> None:
        self._linked: list[bytes] = []
        self._plain: list[bytes] = []
        self._foreign: list[ForeignSpan] = []
        self.added_bytes = 0
        self.taken_bytes = 0

    def __len__(self) -> int:
        return len(self._linked) + len(self._plain) + len(self._foreign)

    def add(self, data: bytes, *, is_exemplar: bool) -> None:
        """Append one of our own spans."""
        (self._linked if is_exemplar else self._plain).append(data)
        self.added_bytes += len(data)

    def add_foreign(self, span: ForeignSpan) -> None:
        """Append a span of the SDK."""
        self._foreign.append(span)
        self.added_bytes += len(span[1])

    def take(self, most: int, most_bytes: int) -> SpanBatch:
        """Take what came first, but for little more than `most_bytes` at most `most` spans."""
        taken = SpanBatch()
        size = 0
        while (left := most - len(taken)) > 0 and size < most_bytes:
            number = min(_CUT, left)
            if self._linked:
                piece = _cut_off(self._linked, number)
                taken.linked += piece
            elif self._plain:
                piece = _cut_off(self._plain, number)
                taken.plain += piece
            elif self._foreign:
                foreign = _cut_off(self._foreign, number)
                taken.foreign += foreign
                piece = [data for _, data in foreign]
            else:
                break
            size += sum(map(len, piece))
        self.taken_bytes += size
        return taken


def _cut_off(waiting: list[_Span], number: int) -> list[_Span]:
    first = waiting[:number]
    del waiting[: len(first)]
    return first
