"""The pool of PostgreSQL connections: every wait is bounded, and every wait is seen.

Between the caller and asyncpg's pool. Taking a connection is a span and a metric (asyncpg's
instrumentation has neither); giving it back makes no span. Failures that a later try may mend
leave as `app.errors.Unavailable`, so they answer 503 with Retry-After.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from types import TracebackType
from typing import Any, Final, Self

import asyncpg
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import get_current_span

from app.database.failures import DRIVER_ERRORS, unavailable_for
from app.errors import PoolExhausted, Unavailable
from app.settings import Settings
from telemetry.catalog.database import POOL_ACQUIRE
from telemetry.connection_pools import PoolMetrics
from telemetry.database_calls import is_traced
from telemetry.runtime import Telemetry

Connection = Any
"""An `asyncpg.Connection`; asyncpg ships no types."""

_CONNECT_SECONDS: Final = 5.0
_POOL_NAME: Final = "postgresql"


class DatabasePool:
    """Bounded access to the database; `open` it once a process, `close` it last."""

    def __init__(
        self, settings: Settings, telemetry: Telemetry, *, application: str = "sightline"
    ) -> None:
        self._settings = settings
        self._tracing = telemetry.tracing
        self._application = application
        self._pool: Any = None
        self._open = 0
        self._used = 0
        self._waiting = 0
        self._metrics = PoolMetrics(
            telemetry.meter,
            _POOL_NAME,
            most=settings.database_pool_max,
            idle_most=settings.database_pool_max,
            idle_least=settings.database_pool_min,
        )

    @classmethod
    async def open(
        cls, settings: Settings, telemetry: Telemetry, *, application: str = "sightline"
    ) -> Self:
        """Return a pool that is connected; `Unavailable` where the database cannot be reached.

        `application` is how the connections call themselves in `pg_stat_activity`.
        """
        pool = cls(settings, telemetry, application=application)
        await pool.start()
        return pool

    async def start(self) -> None:
        """Connect the pool's minimum; `Unavailable` where the database cannot be reached."""
        try:
            self._pool = await asyncpg.create_pool(
                min_size=self._settings.database_pool_min,
                max_size=self._settings.database_pool_max,
                connect=self._connect_pooled,
                **self._connect_arguments(),
            )
        except DRIVER_ERRORS as error:
            raise _unreachable(error) from error
        self._count_open()

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection for the block, after at most SIGHTLINE_DATABASE_ACQUIRE_SECONDS.

        Raises `PoolExhausted` where none came free, at once where SIGHTLINE_DATABASE_WAITING_MAX
        callers wait already; `Unavailable` where the database cannot be reached.
        Only database calls belong in the block: a timeout in it is taken for the database's.
        Under `suppress_instrumentation` the wait makes no span.
        """
        return _Loan(self)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction: committed at the block's end, else rolled back.

        Where the commit itself goes unanswered the outcome is unknown to the caller, who sees
        `Unavailable`: what must not happen twice needs a key of its own.
        """
        async with self.acquire() as connection, connection.transaction():
            yield connection

    async def connect(self) -> Connection:
        """Open a connection outside the pool's bound, for a watcher that keeps it.

        The caller closes it. Raises `Unavailable`.
        """
        try:
            return await asyncpg.connect(**self._connect_arguments())
        except DRIVER_ERRORS as error:
            raise _unreachable(error) from error

    async def ping(self) -> None:
        """Return once the database has answered; raise `Unavailable` where it does not."""
        with suppress_instrumentation():
            async with self.acquire() as connection:
                await connection.fetchval(
                    "SELECT 1", timeout=self._settings.database_acquire_seconds
                )

    async def close(self, within_seconds: float = 1.0) -> None:
        """Close the connections; those still in use after that time are cut."""
        if self._pool is None:
            return
        with suppress(*DRIVER_ERRORS):
            async with asyncio.timeout(within_seconds):
                await self._pool.close()  # cuts all that is left when it is cancelled
        self._count_open()

    async def take(self) -> Connection:
        """Take a connection; whoever does gives it back. `acquire` does both."""
        if self._waiting >= self._settings.database_waiting_max:
            self._metrics.timed_out()
            message = "Too many callers wait for a database connection."
            raise PoolExhausted(message)
        started = time.perf_counter()
        self._waiting += 1
        self._metrics.waits()
        try:
            with self._tracing.span(POOL_ACQUIRE) if is_traced() else nullcontext():
                connection = await self._pool.acquire(
                    timeout=self._settings.database_acquire_seconds
                )
                self._metrics.waited(time.perf_counter() - started, get_current_span())
        except TimeoutError as error:
            self._metrics.timed_out()
            message = "No database connection came free in time."
            raise PoolExhausted(message) from error
        except asyncio.CancelledError:  # by a deadline of the caller's own, as for Redis's pool
            self._metrics.timed_out()
            raise
        except DRIVER_ERRORS as error:
            raise _unreachable(error) from error
        finally:
            self._waiting -= 1
            self._metrics.waits_no_more()
        self._used += 1
        self._report()
        return connection

    async def give_back(self, connection: Connection, taken: float) -> None:
        """Give back a connection that was taken at `taken` of `time.perf_counter`."""
        self._used -= 1
        self._metrics.used(time.perf_counter() - taken, get_current_span())
        # Where the reset fails asyncpg has already thrown the connection away: the caller's
        # work is done, and its outcome stands.
        with suppress(*DRIVER_ERRORS):
            await self._pool.release(connection)
        self._report()

    async def _connect_pooled(self, *args: Any, **kwargs: Any) -> Connection:  # noqa: ANN401  # asyncpg's own
        """Open a connection of the pool. asyncpg does so when it likes, not only for a caller."""
        started = time.perf_counter()
        with suppress_instrumentation():
            connection = await asyncpg.connect(*args, **kwargs)
        self._metrics.created(time.perf_counter() - started)
        connection.add_termination_listener(self._count_open)
        asyncio.get_running_loop().call_soon(self._count_open)  # the pool has it by then
        return connection

    def _count_open(self, *_: object) -> None:
        if self._pool is not None:
            self._open = self._pool.get_size()
            self._report()

    def _report(self) -> None:
        self._metrics.connections(idle=max(0, self._open - self._used), used=self._used)

    def _connect_arguments(self) -> dict[str, Any]:
        settings = self._settings
        arguments: dict[str, Any] = {
            "dsn": settings.database_url.get_secret_value(),
            "timeout": _CONNECT_SECONDS,
            "command_timeout": settings.database_command_seconds,
            "server_settings": {"application_name": self._application},
        }
        if settings.database_pgbouncer:
            # The next transaction may be on another connection: no statement is prepared for
            # later, and what pgbouncer does not know of is not asked for (docs/security.md).
            return arguments | {"statement_cache_size": 0}
        arguments["server_settings"] |= {
            # Planning a check takes longer than running it, and its plan is right for any value.
            "plan_cache_mode": "force_generic_plan",
            # The server gives up as well: a client that went away leaves no query running,
            # and no transaction that holds locks.
            "statement_timeout": _milliseconds(settings.database_command_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(
                settings.database_idle_transaction_seconds
            ),
        }
        return arguments


class _Loan(AbstractAsyncContextManager[Connection]):
    """A connection that is lent for a block, and what the block's failure means."""

    __slots__ = ("_connection", "_pool", "_taken")

    def __init__(self, pool: DatabasePool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        self._connection = await self._pool.take()
        self._taken = time.perf_counter()
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        unavailable = None
        if isinstance(error, DRIVER_ERRORS):
            lost = _is_lost(self._connection)
            unavailable = unavailable_for(error, connection_lost=lost)
        await self._pool.give_back(self._connection, self._taken)
        if unavailable is not None:
            raise unavailable from error


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(f"The database cannot be reached ({type(error).__name__}).")


def _is_lost(connection: Connection) -> bool:
    """Tell whether a lent connection has gone; asyncpg takes a broken one back by itself."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True
