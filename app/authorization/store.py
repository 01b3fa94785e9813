"""The shared cache's server, over the Redis protocol: quick or given up on.

A cache that is slow is worse than none, so every wait here is short, nothing is tried twice, and
after a failure the server is left alone for a second.
"""

import time
from collections.abc import Callable
from typing import Final, Self

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app import signals
from telemetry.catalog.attributes import ERROR_TYPE
from telemetry.redis import traced
from telemetry.redis_pool import measured_pool
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

logger = structlog.stdlib.get_logger()

_WAIT_SECONDS: Final = 0.1
_PAUSE_SECONDS: Final = 1.0
_CONNECTIONS: Final = 32
_POOL_NAME: Final = "redis"


class StoreUnavailableError(Exception):
    """The server did not answer, or is being left alone; the caller does without."""


class RedisStore:
    """Bytes by key, with a time to live. Commands raise `StoreUnavailableError` and only that."""

    def __init__(
        self,
        client: Redis,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._clock = clock
        self._paused_until = 0.0
        self._reported = False

    @classmethod
    def open(
        cls, url: str, telemetry: Telemetry, *, clock: Callable[[], float] = time.monotonic
    ) -> Self:
        """Return a store for a `redis://` URL; it connects when first used."""
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_WAIT_SECONDS,
            socket_timeout=_WAIT_SECONDS,
            socket_connect_timeout=_WAIT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        measured_pool(pool, telemetry.meter, _POOL_NAME)
        client = traced(Redis.from_pool(pool), telemetry.tracing, telemetry.meter)
        return cls(client, clock)

    async def get(self, key: bytes) -> bytes | None:
        """Return the value, or None where there is none."""
        self._refuse_while_paused()
        try:
            value = await self._client.get(key)
        except (RedisError, OSError) as error:
            raise self._failed(error) from error
        self._reported = False
        return value.encode() if isinstance(value, str) else value

    async def set(self, key: bytes, value: bytes, milliseconds: int) -> None:
        """Keep the value for that long."""
        self._refuse_while_paused()
        try:
            await self._client.set(key, value, px=milliseconds)
        except (RedisError, OSError) as error:
            raise self._failed(error) from error

    async def ping(self) -> None:
        """Return once the server has answered."""
        try:
            with suppress_instrumentation():
                await self._client.ping()
        except (RedisError, OSError) as error:
            raise StoreUnavailableError from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _refuse_while_paused(self) -> None:
        if self._clock() < self._paused_until:
            raise StoreUnavailableError

    def _failed(self, error: Exception) -> StoreUnavailableError:
        self._paused_until = self._clock() + _PAUSE_SECONDS
        if not self._reported:  # once a failure, not once a request
            self._reported = True
            logger.warning(signals.CACHE_UNAVAILABLE.name, **{ERROR_TYPE: error_type_of(error)})
        return StoreUnavailableError()
