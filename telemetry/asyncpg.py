"""asyncpg's OpenTelemetry instrumentation, mended where it misleads.

The contrib package does the patching and the undoing of it; what a patched method does is ours.
Spans are named by a summary of the SQL, a failure carries its SQLSTATE and no message (PostgreSQL's
DETAIL quotes row values), and every call is measured. No span: transaction control, the query that
resets a connection, and what else asyncpg asks for its own needs. A cursor is one span. COPY and
prepare, which contrib leaves out, are wrapped beside the rest.

`db.namespace` is the database given at connection time.
"""

# ruff: noqa: SLF001  # where a connection goes and what a cursor reads has no public name

from collections.abc import Callable, Coroutine, Sized
from functools import lru_cache
from typing import Any, Final

import asyncpg
import wrapt
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.utils import unwrap
from opentelemetry.util.types import AttributeValue

from telemetry.asyncpg_cursors import CursorCalls
from telemetry.catalog import attributes as names
from telemetry.catalog.database import BATCH_SIZE, COLLECTION_NAME
from telemetry.database_calls import Call, DatabaseCalls, Operation, is_traced
from telemetry.metrics import Meter
from telemetry.sql import MAX_SUMMARY, MAX_TEXT, describe
from telemetry.tracing import Tracing

SYSTEM: Final = "postgresql"
_TRANSACTION_CONTROL: Final = frozenset(
    ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE")
)
_MANY: Final = frozenset(("executemany", "fetchmany"))
_OPERATIONS_KEPT: Final = 1024
_COPIES_KEPT: Final = 64

Args = tuple[Any, ...]
Coro = Coroutine[Any, Any, Any]
Foreign = Any
"""An object of asyncpg, which ships no types."""
Kwargs = dict[str, Any]
Address = tuple[str, int] | str | None
"""A host and its port, or the path of a socket."""


def instrument_asyncpg(tracing: Tracing, meter: Meter) -> Callable[[], None]:
    """Trace and measure every asyncpg call of the process; return what undoes it."""
    instrumentor = _Instrumentor()  # type: ignore[no-untyped-call]  # contrib's own gap
    instrumentor.instrument(tracing=tracing, meter=meter)
    undo: Callable[[], None] = instrumentor.uninstrument
    return undo


class _Instrumentor(AsyncPGInstrumentor):
    # There is one instrumentor a class; without this, ours would be whatever contrib's class has.
    _instance = None

    def _instrument(self, **kwargs: Foreign) -> None:
        tracing: Tracing = kwargs["tracing"]
        self._calls = DatabaseCalls(tracing, kwargs["meter"], _sqlstate_of)
        self._cursors = CursorCalls(
            self._calls, lambda cursor: self._operation(cursor._query, cursor._connection)
        )
        self._query_operation = lru_cache(_OPERATIONS_KEPT)(self._new_operation)
        self._copy_operation = lru_cache(_COPIES_KEPT)(self._new_copy)
        self._busy_for_asyncpg: set[Any] = set()
        super()._instrument(tracer_provider=tracing.provider)  # type: ignore[no-untyped-call]  # contrib's own gap
        for owner, method, wrapper in self._beside_contrib():
            wrapt.wrap_function_wrapper(owner, method, wrapper)

    def _uninstrument(self, **kwargs: Foreign) -> None:
        super()._uninstrument(**kwargs)  # type: ignore[no-untyped-call]  # contrib's own gap
        for owner, method, _ in self._beside_contrib():
            unwrap(owner, method)

    def _beside_contrib(self) -> list[tuple[Any, str, Callable[..., Any]]]:
        connection = asyncpg.connection.Connection
        return [
            (connection, "fetchmany", self._do_execute),
            (connection, "prepare", self._do_prepare),
            (connection, "copy_from_query", self._do_copy_query),
            (connection, "copy_from_table", self._do_copy_table),
            (connection, "copy_to_table", self._do_copy_table),
            (connection, "copy_records_to_table", self._do_copy_table),
            (connection, "reset", self._for_asyncpg),
            (asyncpg.cursor.Cursor, "_init", self._do_cursor_execute),
            (asyncpg.cursor.BaseCursor, "__del__", self._do_cursor_delete),
        ]

    def _do_execute(self, func: Call, instance: Foreign, args: Args, kwargs: Kwargs) -> Coro:
        query = _query_of(args, kwargs)
        if query is None or not self._sees(instance):
            return func(*args, **kwargs)
        size = _batch_size(args[1:], kwargs) if func.__name__ in _MANY else None
        return self._calls.run(self._operation(query, instance, "", size), func, args, kwargs)

    def _do_prepared_execute(
        self, func: Call, instance: Foreign, args: Args, kwargs: Kwargs
    ) -> Coro:
        if not is_traced():
            return func(*args, **kwargs)
        size = _batch_size(args, kwargs) if func.__name__ in _MANY else None
        operation = self._operation(instance._query, instance._connection, "", size)
        return self._calls.run(operation, func, args, kwargs)

    def _do_cursor_execute(self, func: Call, instance: Foreign, args: Args, kwargs: Kwargs) -> Coro:
        return self._cursors.run(func, instance, args, kwargs)

    def _do_cursor_delete(
        self, func: Callable[[], None], instance: Foreign, args: Args, kwargs: Kwargs
    ) -> None:
        self._cursors.forget(instance)
        func(*args, **kwargs)

    def _do_prepare(self, func: Call, instance: Foreign, args: Args, kwargs: Kwargs) -> Coro:
        query = _query_of(args, kwargs)
        if query is None or not self._sees(instance):
            return func(*args, **kwargs)
        return self._calls.run(self._operation(query, instance, "PREPARE"), func, args, kwargs)

    def _do_copy_query(self, func: Call, instance: Foreign, args: Args, kwargs: Kwargs) -> Coro:
        query = _query_of(args, kwargs)
        if query is None or not self._sees(instance):
            return func(*args, **kwargs)
        # asyncpg has the server write the arguments into the statement, by calls of its own.
        return self._calls.run_around(
            self._operation(query, instance, "COPY"),
            self._for_asyncpg,
            (func, instance, args, kwargs),
            {},
        )

    def _do_copy_table(self, func: Call, instance: Foreign, args: Args, kwargs: Kwargs) -> Coro:
        if not is_traced():
            return func(*args, **kwargs)
        table = str(args[0] if args else kwargs.get("table_name"))
        schema = kwargs.get("schema_name")
        operation = self._copy_operation(
            f"{schema}.{table}" if schema else table, instance._addr, instance._params.database
        )
        return self._calls.run_around(operation, func, args, kwargs)

    async def _for_asyncpg(
        self, func: Call, instance: Foreign, args: Args, kwargs: Kwargs
    ) -> Foreign:
        self._busy_for_asyncpg.add(instance)
        try:
            return await func(*args, **kwargs)
        finally:
            self._busy_for_asyncpg.discard(instance)

    def _sees(self, connection: Foreign) -> bool:
        return is_traced() and connection not in self._busy_for_asyncpg

    def _operation(
        self, query: str, connection: Foreign, how: str = "", size: int | None = None
    ) -> Operation:
        return self._query_operation(
            query[:MAX_TEXT], connection._addr, connection._params.database, how, size
        )

    def _new_operation(
        self, query: str, address: Address, database: str, how: str, size: int | None
    ) -> Operation:
        statement = describe(query)
        is_batch = size is not None and size != 1  # semantic conventions: one of one is no batch
        before = how or ("BATCH" if is_batch else "")
        summary = f"{before} {statement.summary}".strip()[:MAX_SUMMARY]
        attributes = _server(address, database) | {names.DB_QUERY_SUMMARY: summary}
        if statement.text:
            attributes[names.DB_QUERY_TEXT] = statement.text
        if how:
            attributes[names.DB_OPERATION_NAME] = how
        if size is not None and is_batch:
            attributes[BATCH_SIZE] = size
        makes_span = bool(how) or statement.operation not in _TRANSACTION_CONTROL
        return self._calls.operation(summary or SYSTEM, attributes, makes_span=makes_span)

    def _new_copy(self, table: str, address: Address, database: str) -> Operation:
        name = f"COPY {table}"[:MAX_SUMMARY]
        of_the_table = {
            names.DB_OPERATION_NAME: "COPY",
            names.DB_QUERY_SUMMARY: name,
            COLLECTION_NAME: table[:MAX_SUMMARY],
        }
        return self._calls.operation(name, _server(address, database) | of_the_table)


def _query_of(args: Args, kwargs: Kwargs) -> str | None:
    """Return a call's statement; None where it is no text, of which asyncpg will complain."""
    query = args[0] if args else kwargs.get("query", kwargs.get("command"))
    return query if isinstance(query, str) else None


def _server(address: Address, database: str) -> dict[str, AttributeValue]:
    known: dict[str, AttributeValue] = {names.DB_SYSTEM_NAME: SYSTEM}
    if database:
        known[names.DB_NAMESPACE] = database
    if isinstance(address, str):
        known[names.SERVER_ADDRESS] = address
    elif address is not None:
        known[names.SERVER_ADDRESS], known[names.SERVER_PORT] = address
    return known


def _batch_size(args: Args, kwargs: Kwargs) -> int | None:
    """Return how many times a statement is to run, None where only running it will tell."""
    batch = args[0] if args else kwargs.get("args")
    return len(batch) if isinstance(batch, Sized) else None


def _sqlstate_of(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""
