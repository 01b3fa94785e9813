import asyncio
import math

import pytest

from app import signals
from app.audit.sealer import LagSampler, RestoredError, Sealer
from app.audit.trail import Entry, record
from app.audit.verification import verify
from app.bootstrap import Service
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.audit.trails import seal_all, superuser, write_trail
from tests.app.test_processes import Eventually


async def test_an_entry_that_commits_late_is_neither_skipped_nor_put_before_a_sealed_one(
    pool: DatabasePool, sealer: Sealer
) -> None:
    async with pool.acquire() as late:
        transaction = late.transaction()
        await transaction.start()
        await record(late, Entry("a", "x", "late"))  # takes the lower ID and stays open
        async with pool.transaction() as connection:
            await record(connection, Entry("a", "x", "early"))
        assert await sealer.seal() == 0  # the late one could still come before it
        await transaction.commit()
    assert await sealer.seal() == 2
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT object FROM audit_chain JOIN audit_entries ON id = entry_id ORDER BY number"
        )
        assert [row["object"] for row in rows] == ["late", "early"]


async def test_under_writers_that_overlap_each_entry_is_sealed_once(
    pool: DatabasePool, sealer: Sealer, captured: Captured
) -> None:
    async def write(writer: int) -> None:
        for turn in range(25):
            async with pool.transaction() as connection:
                await record(connection, Entry("a", "x", f"{writer}:{turn}:1"))
                await asyncio.sleep(0.001 * (writer % 3))
                await record(connection, Entry("a", "x", f"{writer}:{turn}:2"))

    another = Sealer(pool, captured.telemetry.meter)
    writing = asyncio.gather(*(write(writer) for writer in range(5)))
    while not writing.done():
        await asyncio.gather(sealer.seal(), another.seal())
    await writing
    await seal_all(sealer)
    async with pool.acquire() as connection:
        result = await verify(connection)
    assert (result.broken, result.checked, result.is_complete) == (None, 250, True)
    assert captured.sample(signals.AUDIT_SEALED) == 250
    assert captured.sample(signals.AUDIT_SEALING_TIME) == 250


async def test_while_one_seals_the_others_leave_it_alone(
    pool: DatabasePool, sealer: Sealer
) -> None:
    await write_trail(pool, 3)
    async with pool.transaction() as connection:
        await connection.fetchval("SELECT pg_advisory_xact_lock($1)", 0x5167_0006)
        assert await sealer.seal() == 0
    assert await sealer.seal() == 3


async def test_the_lag_is_the_age_of_the_oldest_unsealed_entry(
    pool: DatabasePool, sealer: Sealer, captured: Captured
) -> None:
    lag = LagSampler(pool, captured.telemetry.meter)
    await lag.sample()
    assert captured.sample(signals.AUDIT_LAG) == 0
    await write_trail(pool, 3)
    await lag.sample()
    assert captured.sample(signals.AUDIT_LAG) > 0
    await sealer.seal()
    await lag.sample()
    assert captured.sample(signals.AUDIT_LAG) == 0
    await pool.close()
    await lag.sample()
    assert math.isnan(captured.sample(signals.AUDIT_LAG))


async def test_a_pool_that_is_full_says_nothing_of_the_database(
    settings: Settings, captured: Captured
) -> None:
    one = settings.model_copy(
        update={"database_pool_min": 1, "database_pool_max": 1, "database_acquire_seconds": 0.1}
    )
    pool = await DatabasePool.open(one, captured.telemetry)
    lag = LagSampler(pool, captured.telemetry.meter)
    await lag.sample()
    async with pool.acquire():
        await lag.sample()
    assert captured.sample(signals.AUDIT_LAG) == 0
    await pool.close()


async def test_an_outage_is_counted_each_time_and_logged_once(
    pool: DatabasePool, sealer: Sealer, captured: Captured
) -> None:
    await pool.close()
    assert [await sealer.try_once() for _ in range(3)] == [0, 0, 0]
    database = {signals.AUDIT_FAILURE.attribute: "database"}
    assert captured.sample(signals.AUDIT_FAILURES, database) == 3
    assert captured.line(signals.AUDIT_SEALING_FAILED.name)["level"] == "warning"


async def test_a_database_from_another_server_is_said_to_be_one(
    pool: DatabasePool, sealer: Sealer, settings: Settings, captured: Captured
) -> None:
    await write_trail(pool, 1)
    await sealer.seal()
    async with superuser(settings.database_url.get_secret_value()) as connection:
        await connection.execute("UPDATE audit_chain SET xid = '4000000000'")
    await write_trail(pool, 1)
    with pytest.raises(RestoredError):
        await sealer.seal()
    await sealer.try_once()
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT audit_rebase()") > 3_000_000_000
    await write_trail(pool, 1)
    restored = {signals.AUDIT_FAILURE.attribute: "restored"}
    assert captured.sample(signals.AUDIT_FAILURES, restored) == 1
    assert await seal_all(sealer) == 1  # what was written between is behind the chain's end


async def test_it_seals_by_itself_while_it_runs(
    pool: DatabasePool, captured: Captured, eventually: object
) -> None:
    async with Sealer(pool, captured.telemetry.meter, every=0.01).running():
        await write_trail(pool, 7)
        async with asyncio.timeout(20):
            while captured.sample(signals.AUDIT_SEALED) < 7:  # noqa: ASYNC110  # a metric has no Event
                await asyncio.sleep(0.01)


async def test_no_name_is_in_what_telemetry_says_of_it(
    pool: DatabasePool, sealer: Sealer, captured: Captured
) -> None:
    await write_trail(pool, 3)
    captured.clear()
    await sealer.seal()
    assert captured.spans() == []
    assert captured.line(signals.AUDIT_ENTRIES_SEALED.name)[signals.ENTRIES] == 3
    assert "bob" not in str(captured.logs())


async def test_the_web_process_tells_the_lag_too(
    service: Service, pool: DatabasePool, captured: Captured, eventually: Eventually
) -> None:
    await write_trail(pool, 3)  # and there is no worker

    async def is_told() -> bool:
        return captured.sample(signals.AUDIT_LAG) > 0

    await eventually(is_told)
