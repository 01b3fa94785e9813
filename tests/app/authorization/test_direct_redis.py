"""A command and its reply, and what becomes of the connection when there is none."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from app.authorization.bounded_pool import BoundedConnectionPool
from app.authorization.direct_redis import DirectRedis
from tests.servers import free_port

PATIENCE_SECONDS = 10


@pytest.fixture
async def client(cache_url: str) -> AsyncIterator[Redis]:
    pool = BoundedConnectionPool.from_url(cache_url, max_connections=1)
    made = DirectRedis.from_pool(pool)
    yield made
    await made.aclose()


async def test_a_reply_is_what_redis_py_makes_of_it(client: Redis) -> None:
    assert await client.set("direct", b"value", px=60_000) is True
    assert await client.get("direct") == b"value"
    assert await client.get("nothing") is None


async def test_after_an_error_reply_the_connection_is_used_on(client: Redis) -> None:
    before = await client.client_id()
    await client.set("direct", b"no number")
    with pytest.raises(ResponseError):
        await client.incr("direct")
    assert await client.client_id() == before


async def test_a_reply_that_came_too_late_is_for_nobody_else(client: Redis) -> None:
    before = await client.client_id()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.blpop("nobody pushes to this", timeout=0.2)
    await asyncio.sleep(0.3)
    assert await client.echo("mine") == b"mine"
    assert await client.client_id() != before


async def test_a_reply_that_nobody_asked_for_is_for_nobody(client: Redis) -> None:
    pool = client.connection_pool
    connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # no types
    await connection.send_command("ECHO", "another's")
    await asyncio.sleep(0.05)
    await pool.release(connection)
    assert await client.echo("mine") == b"mine"


async def test_a_connection_that_the_server_closed_is_opened_again(cache_url: str) -> None:
    pool = BoundedConnectionPool.from_url(cache_url, max_connections=2)
    client = DirectRedis.from_pool(pool)
    one, other = [await pool.get_connection() for _ in range(2)]
    await one.send_command("CLIENT", "ID")
    number = await one.read_response()
    await pool.release(one)
    await pool.release(other)  # the next to be lent
    assert await client.client_kill_filter(_id=number) == 1
    held = await pool.get_connection()
    assert await client.echo("over the one that was closed") == b"over the one that was closed"
    await pool.release(held)
    await client.aclose()


async def test_a_server_that_is_away_is_asked_once() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    pool = BoundedConnectionPool.from_url(url, max_connections=1)
    client = DirectRedis.from_pool(pool)
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(3):
            with pytest.raises(RedisConnectionError):
                await client.get("anything")
    await client.aclose()
