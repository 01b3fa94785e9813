import asyncio

import asyncpg
import pytest

from app import signals
from app.audit.diagnosis import Kind
from app.audit.retention import cut, retaining
from app.audit.sealer import Sealer
from app.audit.verification import Anchor, verify
from app.database import audit_chain
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.audit.trails import TABLES, guarded, seal_all, superuser, write_trail


@pytest.fixture
async def url(pool: DatabasePool, sealer: Sealer, settings: Settings) -> str:
    """A database with 12 sealed entries of 40 days ago and 6 of now; the triggers are on."""
    address = settings.database_url.get_secret_value()
    await write_trail(pool, 12)
    async with superuser(address) as connection:
        await connection.execute("UPDATE audit_entries SET at = at - interval '40 days'")
        await guarded(connection)
    await write_trail(pool, 6)
    assert await seal_all(sealer) == 18
    return address


async def test_what_is_old_goes_and_the_rest_still_verifies(url: str, pool: DatabasePool) -> None:
    async with pool.acquire() as connection:
        middle = (await verify(connection, at_most=12)).end
        head = (await verify(connection)).end
    assert await cut(pool, 30) == 12
    assert await cut(pool, 30) == 0
    anchors = [Anchor(3, bytes(32)), Anchor(12, middle.hash), Anchor(18, head.hash)]
    async with pool.acquire() as connection:
        result = await verify(connection, anchors=anchors)
        assert await connection.fetchval("SELECT count(*) FROM audit_entries") == 6
    assert (result.broken, result.start.number, result.checked) == (None, 12, 6)
    assert result.anchors_met == 2  # that of the checkpoint too; number 3 is gone


async def test_sealing_goes_on_after_a_cut(url: str, pool: DatabasePool, sealer: Sealer) -> None:
    await cut(pool, 30)
    await write_trail(pool, 3)
    assert await seal_all(sealer) == 3
    async with pool.acquire() as connection:
        assert (await verify(connection)).end.number == 21


async def test_nothing_younger_than_30_days_can_be_cut(url: str, pool: DatabasePool) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError, match="at least 30 days"):
        await cut(pool, 29)
    assert await cut(pool, 41) == 0


async def test_the_last_entry_stays_so_that_the_chain_goes_on(
    pool: DatabasePool, sealer: Sealer, settings: Settings
) -> None:
    await write_trail(pool, 3)
    async with superuser(settings.database_url.get_secret_value()) as connection:
        await connection.execute("UPDATE audit_entries SET at = at - interval '40 days'")
    await seal_all(sealer)
    assert await cut(pool, 30) == 2


@pytest.mark.parametrize("table", TABLES)
async def test_a_checkpoint_that_was_changed_and_what_comes_back_are_found(
    table: str, url: str, pool: DatabasePool
) -> None:
    async with superuser(url) as connection:
        for each in TABLES:
            await connection.execute(f"CREATE TABLE kept_{each} AS TABLE {each}")
        await cut(pool, 30)
        if table == "audit_checkpoints":
            await connection.execute("UPDATE audit_checkpoints SET hash = sha256(hash)")
            expected = (12, Kind.EDITED)
        else:
            key = "id" if table == "audit_entries" else "number"
            await connection.execute(
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"  # noqa: S608  # ours
                f" SELECT * FROM kept_{table} WHERE {key} = 5"
            )
            expected = (None, Kind.INSERTED)  # type: ignore[assignment]  # it has no number any more
        broken = (await verify(connection)).broken
    assert broken is not None
    assert (broken.number, broken.kind) == expected


async def test_an_entry_that_is_missing_ends_the_cut_before_it(
    url: str, pool: DatabasePool
) -> None:
    async with superuser(url) as connection:
        await connection.execute("DELETE FROM audit_entries WHERE id = 5")
        assert await cut(pool, 30) == 4
        broken = (await verify(connection)).broken
    assert broken is not None
    assert (broken.number, broken.entry_id, broken.kind) == (5, 5, Kind.DELETED)


async def test_the_worker_cuts_by_itself(url: str, pool: DatabasePool, captured: Captured) -> None:
    captured.clear()
    async with retaining(pool, 30), asyncio.timeout(20):
        while not captured.logs():  # noqa: ASYNC110  # a log line has no Event
            await asyncio.sleep(0.01)
    assert captured.line(signals.AUDIT_CUT.name)[signals.ENTRIES] == 12


async def test_a_cut_waits_for_who_seals(url: str, pool: DatabasePool) -> None:
    async with pool.transaction() as connection:
        assert await audit_chain.lock_chain(connection)
        cutting = asyncio.create_task(cut(pool, 30))
        done, _ = await asyncio.wait({cutting}, timeout=0.5)
        assert not done
    assert await cutting == 12
