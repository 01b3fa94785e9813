"""A connection pool of `redis.asyncio` whose waits are seen: `measured_pool(pool, meter, "redis")`.

Beside `telemetry.redis`, which traces what is asked over the pool's connections. The pool's methods
are wrapped on the object. A connection counts as idle while it is open: redis-py keeps closed ones
in its pool too, and opens them again for whoever asks next.
"""

# ruff: noqa: SLF001  # which connections are lent and which are idle has no public name

from asyncio import CancelledError
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any, Final, TypeVar

from opentelemetry.trace import get_current_span

from telemetry.connection_pools import PoolMetrics
from telemetry.metrics import Meter

Coro = Coroutine[Any, Any, Any]
Call = Callable[..., Coro]
Foreign = Any
"""A pool or connection of redis-py, whose private parts have no types."""

_Pool = TypeVar("_Pool")
_MEASURED: Final = ("get_connection", "release", "ensure_connection", "disconnect")


def measured_pool(pool: _Pool, meter: Meter, name: str) -> _Pool:
    """Measure the waits for, the opening and the use of a pool's connections, and return it."""
    calls = _PoolCalls(pool, meter, name)
    for method in _MEASURED:
        setattr(pool, method, getattr(calls, method))
    return pool


class _PoolCalls:
    """The calls of one pool; each method stands in for the pool's own, and calls it.

    What needs no answer is measured before the call, whose coroutine is then handed on as it is.
    """

    def __init__(self, pool: Foreign, meter: Meter, name: str) -> None:
        self._pool = pool
        self._get_connection: Call = pool.get_connection
        self._release: Call = pool.release
        self._ensure_connection: Call = pool.ensure_connection
        self._disconnect: Call = pool.disconnect
        self._metrics = PoolMetrics(
            meter, name, most=pool.max_connections, idle_most=pool.max_connections, idle_least=0
        )
        self._lent_at: dict[Foreign, float] = {}
        self._idle: set[Foreign] = set()

    async def get_connection(self, *args: Any, **kwargs: Any) -> Foreign:  # noqa: ANN401  # passed on
        asked = perf_counter()
        idle = self._pool._available_connections
        if idle and idle[-1].is_connected:  # the last one is the next to be lent
            connection = await self._get_connection(*args, **kwargs)
            span = None
        else:
            connection = await self._wait(*args, **kwargs)
            span = get_current_span()
        self._idle.discard(connection)
        self._lent_at[connection] = lent = perf_counter()
        self._metrics.waited(lent - asked, span)
        self._count()
        return connection

    def release(self, connection: Foreign) -> Coro:
        lent = self._lent_at.pop(connection, None)
        if lent is not None:
            self._metrics.used(perf_counter() - lent, None)
        if connection.is_connected and not connection.should_reconnect():
            self._idle.add(connection)
        else:
            self._idle.discard(connection)
        self._count()
        return self._release(connection)

    def ensure_connection(self, connection: Foreign) -> Coro:
        return (self._ensure_connection if connection.is_connected else self._create)(connection)

    async def disconnect(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # passed on
        try:
            await self._disconnect(*args, **kwargs)
        finally:
            available = self._pool._available_connections
            self._idle = {connection for connection in available if connection.is_connected}
            self._count()

    async def _wait(self, *args: Any, **kwargs: Any) -> Foreign:  # noqa: ANN401  # passed on
        self._metrics.waits()
        try:
            return await self._get_connection(*args, **kwargs)
        except (Exception, CancelledError):  # a deadline of the caller's own cancels the wait
            if not self._pool.can_get_connection():
                self._metrics.timed_out()
            raise
        finally:
            self._metrics.waits_no_more()

    async def _create(self, connection: Foreign) -> None:
        started = perf_counter()
        await self._ensure_connection(connection)
        self._metrics.created(perf_counter() - started)

    def _count(self) -> None:
        self._metrics.connections(idle=len(self._idle), used=len(self._lent_at))
