"""Spans that wait, encoded, between whoever ended them and the thread that sends them.

What a thread of telemetry does in Python keeps every request waiting, and what it does span by span
is long. So those who end spans join them, a hundred or so at a time, while the bytes are at hand;
the sender takes and sends these chunks as they are. Which spans exemplars point to and whose spans
they are is kept by where a span waits.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

OWN_SCOPE: Final = InstrumentationScope("telemetry")
"""What our own spans name as their instrumentation."""

CHUNK: Final = 128
"""Spans of a chunk."""
CHUNK_BYTES: Final = 64 * 1024
"""A chunk ends before its spans are as many, where they have so many bytes."""
_PATIENCE_SECONDS: Final = 1.0

ForeignSpan = tuple[InstrumentationScope, bytes]
"""The instrumentation that made a span of the SDK, and the span's form on the wire."""

_Span = TypeVar("_Span")


class Chunk(NamedTuple):
    """Some of our own spans, joined; exemplars point to `links` of them."""

    data: bytes
    spans: int
    links: int


@dataclass(slots=True)
class SpanBatch:
    """Encoded spans: our own, and those of the SDK."""

    own: list[Chunk] = field(default_factory=list)
    foreign: list[ForeignSpan] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(chunk.spans for chunk in self.own) + len(self.foreign)

    @property
    def links(self) -> int:
        """How many exemplars point to a span of the batch."""
        return sum(chunk.links for chunk in self.own)

    def groups(self) -> Iterator[tuple[InstrumentationScope, list[bytes]]]:
        """Yield the spans, one or some at a time, by the instrumentation that made them."""
        if self.own:
            yield OWN_SCOPE, [chunk.data for chunk in self.own]
        # By identity: a scope's own hash walks all its fields, which costs as much as the rest.
        groups: dict[int, tuple[InstrumentationScope, list[bytes]]] = {}
        for scope, data in self.foreign:
            groups.setdefault(id(scope), (scope, []))[1].append(data)
        yield from groups.values()


class SpanQueue:
    """Many may append, one at a time may take what came first.

    Nobody who appends waits for a lock: a finaliser whose span ends while its own thread holds it
    would wait without end. Who finds enough spans joins them, unless another is at it.
    `added_bytes` and `taken_bytes` are sums for the bound, not counts: two threads that add at the
    same moment may make one addition of it. `separator` stands between two spans on the wire.
    """

    __slots__ = (
        *("_chunks", "_foreign", "_joined", "_joined_bytes", "_joining", "_linked", "_plain"),
        *("_separator", "added_bytes", "taken_bytes"),
    )

    def __init__(self, separator: bytes = b"") -> None:
        self._separator = separator
        self._linked: list[bytes] = []
        self._plain: list[bytes] = []
        self._foreign: list[ForeignSpan] = []
        self._chunks: list[Chunk] = []
        self._joining = threading.Lock()
        self._joined = 0
        self._joined_bytes = 0
        self.added_bytes = 0
        self.taken_bytes = 0

    def __len__(self) -> int:
        return len(self._linked) + len(self._plain) + self._joined + len(self._foreign)

    def add(self, data: bytes, *, is_exemplar: bool) -> None:
        """Append one of our own spans."""
        (self._linked if is_exemplar else self._plain).append(data)
        self.added_bytes += len(data)
        if (
            len(self._linked) + len(self._plain) >= CHUNK
            or self.added_bytes - self._joined_bytes >= CHUNK_BYTES
        ) and self._joining.acquire(blocking=False):
            try:
                self._join(CHUNK)
            finally:
                self._joining.release()

    def add_foreign(self, span: ForeignSpan) -> None:
        """Append a span of the SDK."""
        self._foreign.append(span)
        self.added_bytes += len(span[1])

    def take(self, most: int, most_bytes: int) -> SpanBatch:
        """Take what came first: at most `most` spans, and about `most_bytes`, or one chunk."""
        taken, number, size = SpanBatch(), 0, 0
        if not self._joining.acquire(timeout=_PATIENCE_SECONDS):
            return taken  # held by whom this very thread interrupted, or a fork left behind
        try:
            while number < most and size < most_bytes:
                if not self._chunks and not self._join(most - number):
                    break
                chunk = self._chunks[0]
                if number and number + chunk.spans > most:
                    break
                del self._chunks[0]
                self._joined -= chunk.spans
                taken.own.append(chunk)
                number += chunk.spans
                size += len(chunk.data) - (chunk.spans - 1) * len(self._separator)
        finally:
            self._joining.release()
        while number < most and size < most_bytes:
            foreign = _cut_off(self._foreign, min(CHUNK, most - number))
            if not foreign:
                break
            taken.foreign += foreign
            number += len(foreign)
            size += sum(len(data) for _, data in foreign)
        self.taken_bytes += size
        return taken

    def _join(self, most: int) -> bool:
        """Make a chunk of what waits; whoever calls holds the lock. False where nothing waits."""
        linked = self._linked[:most]
        plain = self._plain[: most - len(linked)]
        spans = len(linked) + len(plain)
        if not spans:
            return False
        self._joined_bytes = self.added_bytes
        self._chunks.append(Chunk(self._separator.join(linked + plain), spans, len(linked)))
        self._joined += spans
        del self._linked[: len(linked)]
        del self._plain[: len(plain)]
        return True


def _cut_off(waiting: list[_Span], number: int) -> list[_Span]:
    first = waiting[:number]
    del waiting[: len(first)]
    return first
