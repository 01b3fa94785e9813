"""The connections to Redis: at most so many, and who finds none waits for one.

redis-py's own blocking pool does the same behind a lock and a condition, entered twice a command,
and with a time limit of its own; here the caller bounds its wait, and a place that is free is had
without one. Nor is a connection that is open connected again, or told of to listeners and to
redis-py's own metrics, which nobody reads.
"""

import asyncio
from typing import Any

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError


class BoundedConnectionPool(ConnectionPool):
    """A pool of at most `max_connections` connections."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  # redis-py's own
        super().__init__(**kwargs)
        self._places = asyncio.Semaphore(self.max_connections)

    async def get_connection(self, *_: object, **__: object) -> AbstractConnection:
        """Return a connection that is open, once there is one; whoever takes it releases it."""
        await self._places.acquire()
        try:
            connection: AbstractConnection = self.get_available_connection()  # type: ignore[no-untyped-call]  # no types
        except BaseException:
            self._places.release()
            raise
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        """Open the connection where it is closed, and anew where what came over it is no reply."""
        if not await _is_ready(connection):
            await connection.disconnect(nowait=True)
            await connection.connect()  # type: ignore[no-untyped-call]  # no types

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back and let the next caller have it."""
        try:
            self._in_use_connections.remove(connection)
            if connection.should_reconnect():  # type: ignore[no-untyped-call]  # no types
                await connection.disconnect()
            self._available_connections.append(connection)
        finally:
            self._places.release()


async def _is_ready(connection: AbstractConnection) -> bool:
    """Tell whether the connection is open, and nothing has come over it since the last reply."""
    try:
        return connection.is_connected and not await connection.can_read()
    except RedisConnectionError:
        return False
