"""redis-py's client with nothing between a command and its reply.

A command is sent once, and its reply is read. redis-py goes about it through its retries, of which
there are none here, and counts it for metrics of its own, which nobody reads.
"""

from typing import Any

from redis.asyncio import Redis


class DirectRedis(Redis):
    """A client that tries nothing twice, and is for a pool of connections alone."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  # redis-py's own
        """Return the reply; a connection that failed has closed itself."""
        pool = self.connection_pool
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # no types
        try:
            await connection.send_command(*args)
            return await self.parse_response(connection, args[0], **options)
        finally:
            await pool.release(connection)
