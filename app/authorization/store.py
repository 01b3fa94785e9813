"""The shared cache's server, over the Redis protocol: quick or given up on.

A cache that is slow is worse than none: a command, the wait for its connection included, is given
up on after `COMMAND_SECONDS`, nothing is tried twice, and after a few failures in a row a circuit
breaker leaves the server alone. A check makes at most two commands.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self, TypeVar

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app import signals
from app.authorization.bounded_pool import BoundedConnectionPool
from app.authorization.breaker import BreakerOpenError, CircuitBreaker
from app.authorization.deadlines import Deadlines
from app.authorization.direct_redis import DirectRedis
from telemetry.catalog.attributes import ERROR_TYPE
from telemetry.redis import traced
from telemetry.redis_pool import measured_pool
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

logger = structlog.stdlib.get_logger()

COMMAND_SECONDS: Final = 0.02
_PING_SECONDS: Final = 0.25
_CONNECTIONS: Final = 32
_POOL_NAME: Final = "redis"
_FAILURES: Final = (RedisConnectionError, RedisTimeoutError, OSError)
"""The server cannot be reached, or does not answer: asyncio's TimeoutError is an OSError."""

_Reply = TypeVar("_Reply")


class StoreUnavailableError(Exception):
    """The server did not answer, or is being left alone; the caller does without."""


class RedisStore:
    """Bytes by key, with a time to live. Commands raise `StoreUnavailableError` and only that."""

    def __init__(
        self, client: Redis, breaker: CircuitBreaker, command_seconds: float = COMMAND_SECONDS
    ) -> None:
        self._client = client
        self._breaker = breaker
        self._deadlines = Deadlines(command_seconds)
        self._reported = False

    @classmethod
    def open(
        cls,
        url: str,
        telemetry: Telemetry,
        *,
        command_seconds: float = COMMAND_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Return a store for a `redis://` URL; it connects when first used."""
        pool = BoundedConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            socket_timeout=None,  # each command has one deadline for all that it waits for
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
        )
        measured_pool(pool, telemetry.meter, _POOL_NAME)
        client = traced(DirectRedis.from_pool(pool), telemetry.tracing, telemetry.meter)
        return cls(client, CircuitBreaker(_FAILURES, telemetry.meter, clock), command_seconds)

    async def get(self, key: bytes) -> bytes | None:
        """Return the value, or None where there is none."""
        value: Any = await self._command(lambda: self._client.get(key))
        return value.encode() if isinstance(value, str) else value

    async def set(self, key: bytes, value: bytes, milliseconds: int) -> None:
        """Keep the value for that long."""
        await self._command(lambda: self._client.set(key, value, px=milliseconds))

    async def ping(self) -> None:
        """Return once the server has answered."""
        try:
            with suppress_instrumentation():
                async with asyncio.timeout(_PING_SECONDS):
                    await self._client.ping()
        except (RedisError, OSError) as error:
            raise StoreUnavailableError from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _command(self, command: Callable[[], Awaitable[_Reply]]) -> _Reply:
        async def bounded() -> _Reply:
            with self._deadlines.begin():
                return await command()

        try:
            reply = await self._breaker.call(bounded)
        except BreakerOpenError as error:
            raise StoreUnavailableError from error
        except (RedisError, OSError) as error:
            self._report(error)
            raise StoreUnavailableError from error
        if self._reported:
            self._reported = False
            logger.info(signals.CACHE_RECOVERED.name)
        return reply

    def _report(self, error: Exception) -> None:
        """Say once a failure, not once a request, that the server is away."""
        if not self._reported:
            self._reported = True
            logger.warning(signals.CACHE_UNAVAILABLE.name, **{ERROR_TYPE: error_type_of(error)})
