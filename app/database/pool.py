"""The pool of PostgreSQL connections: every wait is bounded, and every wait is seen.

Between the caller and asyncpg's pool. Taking a connection is a span and a metric (asyncpg's
instrumentation has neither); giving it back makes no span. Failures that a later try may mend
leave as `app.errors.Unavailable`, so they answer 503 with Retry-After.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Self

import asyncpg
from opentelemetry.instrumentation.utils import is_instrumentation_enabled, suppress_instrumentation

from app.database.failures import DRIVER_ERRORS, unavailable_for
from app.errors import Unavailable
from app.settings import Settings
from telemetry.catalog import database
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
        meter = telemetry.meter
        self._settings = settings
        self._tracing = telemetry.tracing
        self._application = application
        self._pool: Any = None
        self._used = 0
        self._count = meter.gauge(database.CONNECTION_COUNT)
        self._pending = meter.gauge(database.PENDING_REQUESTS)
        self._timeouts = meter.counter(database.TIMEOUTS)
        self._wait_time = meter.histogram(database.WAIT_TIME)
        self._use_time = meter.histogram(database.USE_TIME)
        self._timeouts.add(0, _POOL_NAME)
        meter.gauge(database.CONNECTION_MAX).set(settings.database_pool_max, _POOL_NAME)

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
            with suppress_instrumentation():
                self._pool = await asyncpg.create_pool(
                    min_size=self._settings.database_pool_min,
                    max_size=self._settings.database_pool_max,
                    **self._connect_arguments(),
                )
        except DRIVER_ERRORS as error:
            raise _unreachable(error) from error
        self._report()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Lend a connection for the block, after at most SIGHTLINE_DATABASE_ACQUIRE_SECONDS.

        Only database calls belong in the block: a timeout in it is taken for the database's.
        Under `suppress_instrumentation` the wait makes no span.
        """
        connection = await self._take()
        taken = time.perf_counter()
        try:
            yield connection
        except DRIVER_ERRORS as error:
            unavailable = unavailable_for(error, connection_lost=_is_lost(connection))
            if unavailable is None:
                raise
            raise unavailable from error
        finally:
            await self._give_back(connection, taken)

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
        self._report()

    async def _take(self) -> Connection:
        started = time.perf_counter()
        self._pending.add(1, _POOL_NAME)
        try:
            with self._span():
                connection = await self._take_pooled()
                self._wait_time.observe(time.perf_counter() - started, _POOL_NAME)
        except TimeoutError as error:
            self._timeouts.add(1, _POOL_NAME)
            message = "No database connection came free in time."
            raise Unavailable(message) from error
        except DRIVER_ERRORS as error:
            raise _unreachable(error) from error
        finally:
            self._pending.add(-1, _POOL_NAME)
        self._used += 1
        self._report()
        return connection

    async def _take_pooled(self) -> Connection:
        with suppress_instrumentation():
            return await self._pool.acquire(timeout=self._settings.database_acquire_seconds)

    async def _give_back(self, connection: Connection, taken: float) -> None:
        self._used -= 1
        self._use_time.observe(time.perf_counter() - taken, _POOL_NAME)
        # Where the reset fails asyncpg has already thrown the connection away: the caller's
        # work is done, and its outcome stands.
        with suppress(*DRIVER_ERRORS), suppress_instrumentation():
            await self._pool.release(connection)
        self._report()

    @contextmanager
    def _span(self) -> Iterator[None]:
        if not is_instrumentation_enabled():
            yield
            return
        with self._tracing.span(database.POOL_ACQUIRE):
            yield

    def _report(self) -> None:
        if self._pool is not None:
            self._count.set(self._pool.get_idle_size(), _POOL_NAME, "idle")
            self._count.set(self._used, _POOL_NAME, "used")

    def _connect_arguments(self) -> dict[str, Any]:
        command_seconds = self._settings.database_command_seconds
        return {
            "dsn": self._settings.database_url.get_secret_value(),
            "timeout": _CONNECT_SECONDS,
            "command_timeout": command_seconds,
            "server_settings": {
                "application_name": self._application,
                # The server gives up as well: a client that went away leaves no query running.
                "statement_timeout": str(round(command_seconds * 1000)),
            },
        }


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(f"The database cannot be reached ({type(error).__name__}).")


def _is_lost(connection: Connection) -> bool:
    """Tell whether a lent connection has gone; asyncpg takes a broken one back by itself."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True
