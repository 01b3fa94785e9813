"""asyncpg's cursors, each one span: from where it is opened to its last row, or to its last use.

`telemetry.asyncpg` patches the methods and hands every call on to here. asyncpg's cursors have no
room for an attribute and cannot be referred to weakly, so what is open is known by `id` until the
cursor is deleted.
"""

# ruff: noqa: SLF001  # a cursor tells in no public way that it has given its last row

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, Final

from opentelemetry.trace import Span

from telemetry.catalog.database import RETURNED_ROWS
from telemetry.database_calls import Call, DatabaseCalls, Operation, is_traced

Foreign = Any
"""An object of asyncpg, which ships no types."""

_NEXT: Final = "__anext__"


@dataclass(slots=True)
class _OpenCursor:
    operation: Operation
    span: Span
    started: int
    used: int
    rows: int = 0


class CursorCalls:
    """The cursors that are open. `operation_of` describes a cursor's statement and server."""

    def __init__(self, calls: DatabaseCalls, operation_of: Callable[[Any], Operation]) -> None:
        self._calls = calls
        self._operation_of = operation_of
        self._open: dict[int, _OpenCursor] = {}

    async def run(
        self, call: Call, cursor: Foreign, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Foreign:
        """Await one method of a cursor, `call`."""
        opened = self._open.get(id(cursor))
        if opened is None:
            if cursor._exhausted or not is_traced():
                return await call(*args, **kwargs)
            opened = self._opened(cursor)
        try:
            result = await call(*args, **kwargs)
        except StopAsyncIteration:
            self._close(cursor)
            raise
        except BaseException as error:
            self._close(cursor, error)
            raise
        opened.used = perf_counter_ns()
        method = call.__name__
        opened.rows += _rows_of(method, result)
        if cursor._exhausted and method != _NEXT:  # an iterator has rows in hand
            self._close(cursor)
        return result

    def forget(self, cursor: Foreign) -> None:
        """Close a cursor that is being deleted with rows left unread.

        The garbage collector may be the caller, at any point of any code: what takes locks has to
        wait for the event loop.
        """
        opened = self._open.pop(id(cursor), None)
        if opened is not None:
            with suppress(RuntimeError):  # the loop has ended, and so has what reads spans
                cursor._connection._loop.call_soon_threadsafe(self._abandon, opened)

    def _opened(self, cursor: Foreign) -> _OpenCursor:
        operation = self._operation_of(cursor)
        span, started = self._calls.start(operation), perf_counter_ns()
        opened = self._open[id(cursor)] = _OpenCursor(operation, span, started, started)
        return opened

    def _close(self, cursor: Foreign, error: BaseException | None = None) -> None:
        opened = self._open.pop(id(cursor))
        opened.span.set_attribute(RETURNED_ROWS, opened.rows)
        self._calls.end(opened.operation, opened.span, perf_counter_ns() - opened.started, error)

    def _abandon(self, opened: _OpenCursor) -> None:
        opened.span.set_attribute(RETURNED_ROWS, opened.rows)
        self._calls.end(opened.operation, opened.span, opened.used - opened.started)


def _rows_of(method: str, result: Foreign) -> int:
    if method == "fetch":
        return len(result)
    return int(method == _NEXT or (method == "fetchrow" and result is not None))
