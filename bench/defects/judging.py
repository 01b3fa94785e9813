"""What the spans of a data store's calls show."""

from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from bench.defects.model import Seen, attribute, names, same
from bench.defects.shop import SECRET

Connection = Any
"""asyncpg's, which ships no types, or a client of redis-py, traced by either stack."""

Work = Callable[[Connection], Awaitable[object]]
Judge = Callable[[list[ReadableSpan]], Seen]

_LONGEST_NAME = 40


def seconds(span: ReadableSpan) -> float:
    """Return how long a span took."""
    return ((span.end_time or 0) - (span.start_time or 0)) / 1e9


def count(expected: int) -> Judge:
    """Expect that many spans."""

    def judge(spans: list[ReadableSpan]) -> Seen:
        return Seen(len(spans) == expected, f"{len(spans)}: {names(spans)}" if spans else "none")

    return judge


def named(name: str) -> Judge:
    """Expect one span of that name."""
    return lambda spans: same(f"`{name}`", names(spans))


def short_name(spans: list[ReadableSpan]) -> Seen:
    """Expect one span that fits a list of spans."""
    if len(spans) != 1:
        return Seen(ok=False, text=f"{len(spans)} spans")
    length = len(spans[0].name)
    return Seen(length <= _LONGEST_NAME, f"{length} characters")


def no_secret(spans: list[ReadableSpan]) -> Seen:
    """Expect spans, and the planted secret in none of them."""
    if not spans:
        return Seen(ok=False, text="no span")
    leaked = any(SECRET in span.to_json() for span in spans)
    return Seen(not leaked, "it stands in the span" if leaked else "not found")


def status_code(expected: str) -> Judge:
    """Expect the last span to have that code of the data store's."""
    return lambda spans: same(expected, attribute(spans[-1], "db.response.status_code"))
