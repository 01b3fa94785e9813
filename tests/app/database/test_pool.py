"""The pool against a real PostgreSQL: bounded, leak-free, seen."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app.database.pool import DatabasePool
from app.errors import PoolExhausted, Unavailable
from app.settings import Settings
from telemetry.catalog import attributes, database
from telemetry.testing import Captured

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[bool]]
POOL = {attributes.DB_CONNECTION_POOL: "postgresql"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "database_pool_min": 1,
            "database_pool_max": 2,
            "database_acquire_seconds": 0.2,
            "database_command_seconds": 0.4,
        }
    )


async def test_a_connection_is_lent_and_comes_back(pool: DatabasePool, captured: Captured) -> None:
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT 1") == 1
        assert (
            captured.sample(
                database.CONNECTION_COUNT, POOL | {"db.client.connection.state": "used"}
            )
            == 1
        )
    assert (
        captured.sample(database.CONNECTION_COUNT, POOL | {"db.client.connection.state": "used"})
        == 0
    )
    assert (
        captured.sample(database.CONNECTION_COUNT, POOL | {"db.client.connection.state": "idle"})
        == 1
    )
    assert captured.sample(database.CONNECTION_MAX, POOL) == 2
    assert captured.sample(database.WAIT_TIME, POOL) == 1
    assert captured.sample(database.USE_TIME, POOL) == 1
    assert captured.span_names() == ["pool.acquire"]


async def test_the_pools_connections_are_true_without_a_caller(
    pool: DatabasePool, settings: Settings, captured: Captured, eventually: Eventually
) -> None:
    def connections(state: str) -> float:
        labels = POOL | {attributes.DB_CONNECTION_STATE: state}
        return captured.sample(database.CONNECTION_COUNT, labels)

    assert (connections("idle"), connections("used")) == (1, 0)
    async with pool.acquire(), pool.acquire():
        assert (connections("idle"), connections("used")) == (0, 2)
    assert (connections("idle"), connections("used")) == (2, 0)
    assert captured.sample(database.CREATE_TIME, POOL) == 2
    killer = await asyncpg.connect(settings.database_url.get_secret_value())
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    await killer.close()

    async def restored() -> bool:
        created = captured.sample(database.CREATE_TIME, POOL)
        return created == 3 and connections("idle") == 1

    await eventually(restored)  # asyncpg keeps its minimum by itself


async def test_the_bounds_of_the_pool_are_measured(pool: DatabasePool, captured: Captured) -> None:
    await pool.ping()
    assert captured.sample(database.CONNECTION_MAX, POOL) == 2
    assert captured.sample(database.CONNECTION_IDLE_MAX, POOL) == 2
    assert captured.sample(database.CONNECTION_IDLE_MIN, POOL) == 1


async def test_an_exhausted_pool_refuses_and_leaks_nothing(
    pool: DatabasePool, captured: Captured
) -> None:
    async with pool.acquire(), pool.acquire():
        with pytest.raises(Unavailable) as refused:
            async with pool.acquire():
                pytest.fail("there was no third connection")
    assert refused.value.headers == {"Retry-After": "1"}
    assert captured.sample(database.TIMEOUTS, POOL) == 1
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 0
    async with pool.acquire() as first, pool.acquire() as second:
        assert [await first.fetchval("SELECT 1"), await second.fetchval("SELECT 1")] == [1, 1]


async def test_cancelled_waiters_leak_nothing(pool: DatabasePool) -> None:
    async def work() -> None:
        async with pool.acquire() as connection:
            await connection.execute("SELECT pg_sleep(0.02)")

    for delay in (0, 0.001, 0.01, 0.02, 0.03):
        tasks = [asyncio.create_task(work()) for _ in range(6)]
        await asyncio.sleep(delay)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with pool.acquire(), pool.acquire():
        pass


async def test_a_query_that_takes_too_long_is_unavailable(pool: DatabasePool) -> None:
    with pytest.raises(Unavailable):
        async with pool.acquire() as connection:
            await connection.execute("SELECT pg_sleep(10)")
    await pool.ping()


async def test_the_server_gives_up_as_well(pool: DatabasePool) -> None:
    with pytest.raises(Unavailable) as refused:
        async with pool.acquire() as connection:
            await connection.execute("SELECT pg_sleep(10)", timeout=10)
    assert isinstance(refused.value.__cause__, asyncpg.QueryCanceledError)


async def test_a_connection_cut_by_the_server_is_unavailable_and_replaced(
    pool: DatabasePool,
) -> None:
    with pytest.raises(Unavailable):
        async with pool.acquire() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    await pool.ping()


async def test_a_transaction_cut_by_the_server_is_unavailable(pool: DatabasePool) -> None:
    with pytest.raises(Unavailable):
        async with pool.transaction() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    await pool.ping()


async def test_a_wrong_statement_is_no_excuse(pool: DatabasePool) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with pool.acquire() as connection:
            await connection.execute("SELECT * FROM nowhere")


async def test_a_transaction_is_whole_or_not_at_all(pool: DatabasePool) -> None:
    insert = "INSERT INTO grants VALUES ($1, 'r', 'a', 'test')"
    async with pool.transaction() as connection:
        await connection.execute(insert, "kept")

    async def change() -> None:
        async with pool.transaction() as connection:
            await connection.execute(insert, "lost")
            await connection.execute(insert, "kept")

    with pytest.raises(asyncpg.UniqueViolationError):
        await change()
    async with pool.acquire() as connection:
        users = await connection.fetch("SELECT user_id FROM grants")
    assert [row["user_id"] for row in users] == ["kept"]


async def test_suppressed_work_makes_no_span(pool: DatabasePool, captured: Captured) -> None:
    with suppress_instrumentation():
        async with pool.acquire():
            pass
    await pool.ping()
    assert captured.span_names() == []


async def test_an_unreachable_database_is_unavailable_without_its_address(
    settings: Settings, captured: Captured
) -> None:
    nowhere = settings.model_copy(
        update={"database_url": type(settings.database_url)("postgresql://u:secret@127.0.0.1:1/d")}
    )
    with pytest.raises(Unavailable) as refused:
        await DatabasePool.open(nowhere, captured.telemetry)
    assert "secret" not in str(refused.value)


async def test_one_waiter_too_many_is_refused_at_once(
    settings: Settings, captured: Captured
) -> None:
    changed = {"database_waiting_max": 3, "database_acquire_seconds": 5.0}
    pool = await DatabasePool.open(settings.model_copy(update=changed), captured.telemetry)

    async def use() -> None:
        async with pool.acquire():
            pass

    async with pool.acquire(), pool.acquire():
        waiting = [asyncio.create_task(use()) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(PoolExhausted, match="Too many callers wait"):
            await use()
        assert not any(task.done() for task in waiting)
    await asyncio.gather(*waiting)
    await use()
    assert captured.sample(database.TIMEOUTS, POOL) == 1
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 0
    await pool.close()


async def test_a_wait_that_the_caller_calls_off_is_a_timeout(
    pool: DatabasePool, captured: Captured
) -> None:
    async with pool.acquire(), pool.acquire():
        waiting = asyncio.create_task(pool.take())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert captured.sample(database.TIMEOUTS, POOL) == 1
    assert captured.sample(database.PENDING_REQUESTS, POOL) == 0


async def test_the_server_ends_a_transaction_that_asks_for_nothing(
    settings: Settings, captured: Captured
) -> None:
    changed = {"database_idle_transaction_seconds": 0.1}
    pool = await DatabasePool.open(settings.model_copy(update=changed), captured.telemetry)

    async def dawdle() -> None:
        async with pool.transaction() as connection:
            await connection.execute("SELECT 1")
            await asyncio.sleep(0.5)
            await connection.execute("SELECT 1")

    with pytest.raises(Unavailable):
        await dawdle()
    await pool.ping()
    await pool.close()


async def test_behind_pgbouncer_nothing_is_kept_on_a_connection(
    settings: Settings, captured: Captured
) -> None:
    async def prepared(pool: DatabasePool) -> tuple[int, str]:
        async with pool.acquire() as connection:
            for number in range(3):
                await connection.fetchval("SELECT $1::int", number)
            kept = await connection.fetchval("SELECT count(*) FROM pg_prepared_statements")
            timeout = await connection.fetchval("SHOW statement_timeout")
        return kept, timeout

    direct = await DatabasePool.open(settings, captured.telemetry)
    changed = settings.model_copy(update={"database_pgbouncer": True})
    behind = await DatabasePool.open(changed, captured.telemetry)
    assert await prepared(direct) != (0, "0")
    assert await prepared(behind) == (0, "0")
    await direct.close()
    await behind.close()


async def test_dead_connections_are_noticed_and_replaced(
    pool: DatabasePool, settings: Settings, captured: Captured
) -> None:
    async with pool.acquire(), pool.acquire():
        pass
    killer = await asyncpg.connect(settings.database_url.get_secret_value())
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    await killer.close()
    await asyncio.sleep(0.1)
    async with pool.acquire() as first, pool.acquire() as second:
        assert [await first.fetchval("SELECT 1"), await second.fetchval("SELECT 2")] == [1, 2]
    assert captured.sample(database.CREATE_TIME, POOL) >= 4
