"""The metrics of a Redis pool, against a real Valkey: true whenever they are asked for."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from telemetry.catalog import attributes, database
from telemetry.redis_pool import measured_pool
from telemetry.testing import Captured
from tests.servers import free_port

Pool = Any  # redis-py types its pools in part
POOL = {attributes.DB_CONNECTION_POOL: "shared"}


@pytest.fixture
async def pool(cache_url: str, captured: Captured) -> AsyncIterator[Pool]:
    made = BlockingConnectionPool.from_url(cache_url, max_connections=2, timeout=0.05)
    yield measured_pool(made, captured.telemetry.meter, "shared")
    await made.aclose()


def connections(captured: Captured) -> tuple[float, float]:
    """Idle ones and used ones."""
    idle, used = (
        captured.sample(database.CONNECTION_COUNT, POOL | {attributes.DB_CONNECTION_STATE: state})
        for state in ("idle", "used")
    )
    return idle, used


async def test_connections_are_counted(pool: Pool, captured: Captured) -> None:
    assert connections(captured) == (0, 0)
    first, second = await pool.get_connection(), await pool.get_connection()
    assert connections(captured) == (0, 2)
    await pool.release(first)
    assert connections(captured) == (1, 1)
    await pool.release(second)
    assert connections(captured) == (2, 0)
    await pool.disconnect()
    assert connections(captured) == (0, 0)


async def test_a_command_waits_for_uses_and_opens_a_connection(
    pool: Pool, captured: Captured
) -> None:
    client = Redis(connection_pool=pool)
    for _ in range(3):
        await client.ping()
    assert captured.sample(database.WAIT_TIME, POOL) == 3
    assert captured.sample(database.USE_TIME, POOL) == 3
    assert captured.sample(database.CREATE_TIME, POOL) == 1
    assert captured.sample(database.TIMEOUTS, POOL) == 0
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 0


async def test_a_wait_that_gives_up_is_a_timeout(pool: Pool, captured: Captured) -> None:
    lent = [await pool.get_connection(), await pool.get_connection()]
    waiting = asyncio.create_task(pool.get_connection())
    await asyncio.sleep(0)
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 1
    with pytest.raises(RedisConnectionError):
        await waiting
    assert captured.sample(database.TIMEOUTS, POOL) == 1
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 0
    assert captured.sample(database.WAIT_TIME, POOL) == 2
    for connection in lent:
        await pool.release(connection)


async def test_a_wait_that_the_callers_deadline_ends_is_a_timeout(
    pool: Pool, captured: Captured
) -> None:
    lent = [await pool.get_connection(), await pool.get_connection()]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await pool.get_connection()
    assert captured.sample(database.TIMEOUTS, POOL) == 1
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 0
    for connection in lent:
        await pool.release(connection)


async def test_a_server_that_is_away_is_no_timeout(captured: Captured) -> None:
    nowhere = BlockingConnectionPool(port=free_port(), max_connections=1)
    measured_pool(nowhere, captured.telemetry.meter, "shared")
    with pytest.raises(RedisConnectionError):
        await Redis.from_pool(nowhere).ping()
    assert captured.sample(database.TIMEOUTS, POOL) == 0
    assert captured.sample(database.CREATE_TIME, POOL) == 0
    assert connections(captured) == (0, 0)
    await nowhere.aclose()


async def test_the_bounds_are_measured(pool: Pool, captured: Captured) -> None:
    assert pool.max_connections == 2
    assert captured.sample(database.CONNECTION_MAX, POOL) == 2
    assert captured.sample(database.CONNECTION_IDLE_MAX, POOL) == 2
    assert captured.sample(database.CONNECTION_IDLE_MIN, POOL) == 0


async def test_a_connection_that_was_lost_is_no_idle_one(pool: Pool, captured: Captured) -> None:
    client = Redis(connection_pool=pool)
    await client.ping()
    [lost] = pool._available_connections  # no public name
    await lost.disconnect()
    killed = await pool.get_connection()
    await killed.disconnect()
    assert connections(captured) == (0, 1)
    await pool.release(killed)
    assert connections(captured) == (0, 0)
    assert captured.sample(database.CREATE_TIME, POOL) == 2
