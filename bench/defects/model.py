"""What a case is, and what it needs of the stack that it looks at."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Seen:
    """What a case found: `text` says it in a few words, `ok` whether it is what is expected."""

    ok: bool
    text: str


class Stack(Protocol):
    """Instrumentation with all its parts on, whose signals stay in this process."""

    id_header: bytes
    """The header that carries its correlation ID."""

    def wrap(self, app: Starlette) -> ASGIApp:
        """Return the application, instrumented as its documentation says."""
        ...

    def spans(self) -> list[ReadableSpan]:
        """Return the spans that were kept."""
        ...

    def series(self) -> int:
        """Return how many samples the metrics of requests have."""
        ...

    def counted(self) -> int:
        """Return how many requests the metrics have counted."""
        ...

    def seconds(self) -> float:
        """Return the sum of the measured durations of requests."""
        ...

    def exemplars(self) -> list[dict[str, str]]:
        """Return the exemplars of requests' durations."""
        ...

    def everything(self) -> str:
        """Return all that it recorded as text, in which a leak can be looked for."""
        ...

    def correlation_id(self) -> str | None:
        """Return the correlation ID that is bound now."""
        ...

    def metrics_port(self) -> int:
        """Serve the metrics, and return the port."""
        ...

    def slow_collector(self, url: str) -> Callable[[], object]:
        """End a span that goes to `url`; return the function that stops the export."""
        ...

    def program(self, name: str) -> str:
        """Return a program that logs, for a process of its own: `flood` or `newline`."""
        ...

    def postgres(self, url: str) -> AbstractContextManager["Postgres"]:
        """Instrument asyncpg for the block."""
        ...

    def redis(self, url: str) -> AbstractContextManager[Any]:
        """Yield an instrumented client of redis-py for the block."""
        ...


class Postgres(Protocol):
    """A small pool of instrumented connections, as the stack offers it."""

    async def pool(self) -> Any:  # noqa: ANN401  # asyncpg ships no types
        """Return a pool of one connection, with `acquire` and `close`."""
        ...

    def measured(self) -> list[str]:
        """Return the names of the metrics about data stores that have measurements."""
        ...


Maker = Callable[..., AbstractContextManager[Stack]]
"""`make(sampling=..., remote=...)` gives a new stack; both are ratios, 1.0 where left out."""

Look = Callable[[Maker], Awaitable[Seen]]


@dataclass(frozen=True, slots=True)
class Case:
    """One way to go wrong: what is done, what is expected, and how to see what happens.

    `timed`: what is expected is a time, which a busy machine may not keep.
    """

    what: str
    expected: str
    look: Look
    timed: bool = False


def server_spans(stack: Stack) -> list[ReadableSpan]:
    """Return the spans of requests."""
    return [span for span in stack.spans() if span.kind is SpanKind.SERVER]


def server_span(stack: Stack) -> ReadableSpan:
    """Return the only span of a request; `LookupError` where there is not one."""
    found = server_spans(stack)
    if len(found) != 1:
        message = f"{len(found)} server spans"
        raise LookupError(message)
    return found[0]


def attribute(span: ReadableSpan, name: str) -> Any:  # noqa: ANN401  # an attribute's value
    """Return an attribute of a span, None where it has none."""
    return (span.attributes or {}).get(name)


def same(expected: object, found: object) -> Seen:
    """Return what a comparison shows."""
    return Seen(expected == found, str(found))


def names(spans: Iterable[ReadableSpan]) -> str:
    """Return the names of spans for a reader."""
    return ", ".join(f"`{span.name}`" for span in spans) or "none"
