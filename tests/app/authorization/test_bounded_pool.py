"""The connections to Redis are bounded, and none is lost whatever becomes of its caller."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from app.authorization.bounded_pool import BoundedConnectionPool
from telemetry.catalog import attributes, database
from telemetry.redis_pool import measured_pool
from telemetry.testing import Captured
from tests.servers import free_port

MOST = 3
PATIENCE_SECONDS = 10
POOL = {attributes.DB_CONNECTION_POOL: "bounded"}


@pytest.fixture
async def pool(cache_url: str) -> AsyncIterator[BoundedConnectionPool]:
    made = BoundedConnectionPool.from_url(cache_url, max_connections=MOST)
    yield made
    await made.aclose()


async def connections(cache_url: str) -> int:
    """Ask Valkey itself how many clients it has, but for the one that asks."""
    async with Redis.from_url(cache_url) as asking:
        return len(await asking.client_list()) - 1


async def test_a_crowd_is_served_over_few_connections(
    pool: BoundedConnectionPool, cache_url: str
) -> None:
    before = await connections(cache_url)
    client = Redis(connection_pool=pool)
    async with asyncio.timeout(PATIENCE_SECONDS):
        answers = await asyncio.gather(*(client.echo(str(n)) for n in range(200)))
    assert answers == [str(n).encode() for n in range(200)]
    assert await connections(cache_url) - before == MOST


async def test_who_waits_is_seen_and_gets_what_comes_free(
    pool: BoundedConnectionPool, captured: Captured
) -> None:
    measured_pool(pool, captured.telemetry.meter, "bounded")
    held = [await pool.get_connection() for _ in range(MOST)]
    waiting = asyncio.create_task(pool.get_connection())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 1
    await pool.release(held.pop())
    held.append(await asyncio.wait_for(waiting, PATIENCE_SECONDS))
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 0
    for connection in held:
        await pool.release(connection)
    assert captured.sample(database.WAIT_TIME, POOL) == MOST + 1


async def test_who_gives_up_takes_no_place_away(pool: BoundedConnectionPool) -> None:
    held = [await pool.get_connection() for _ in range(MOST)]
    for _ in range(2 * MOST):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await pool.get_connection()
    for connection in held:
        await pool.release(connection)
    async with asyncio.timeout(PATIENCE_SECONDS):
        for connection in [await pool.get_connection() for _ in range(MOST)]:
            await pool.release(connection)


async def test_a_server_that_is_away_takes_no_place_away() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    pool = BoundedConnectionPool.from_url(url, max_connections=MOST)
    client = Redis(connection_pool=pool)
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(3 * MOST):
            with pytest.raises(RedisConnectionError):
                await client.ping()
    await pool.aclose()
