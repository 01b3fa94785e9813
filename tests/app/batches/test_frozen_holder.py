"""An import whose holder stands still in the middle of a COPY, with its row locked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app import signals
from app.batches.ledger import Claim, Ledger
from app.database.import_statements import LOCK
from app.errors import Unavailable
from tests.app.batches.conftest import Scene, csv_of_grants

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]

ROWS = 100
FROZEN = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'ClientRead' AND query LIKE 'COPY %'
"""


async def stand_still_in_a_copy(scene: Scene, held: Claim | None) -> None:
    """Lock the import, as its holder does; without one it is somebody else's COPY."""

    async def half() -> AsyncIterator[bytes]:
        yield b"ann\tdoc:1\tread\tops\n"
        await asyncio.Event().wait()

    async with scene.pool.transaction() as connection:
        if held is not None:
            await connection.fetchrow(LOCK, held.id, held.attempt)
        columns = ("user_id", "resource", "action", "granted_by")
        await connection.copy_to_table("grants", source=half(), columns=columns, timeout=60)


@asynccontextmanager
async def standing_still(
    scene: Scene, held: Claim | None, eventually: Eventually
) -> AsyncIterator[None]:
    holder = asyncio.create_task(stand_still_in_a_copy(scene, held))
    await eventually(lambda: scene.sql(FROZEN))
    yield
    holder.cancel()
    with pytest.raises((Unavailable, asyncio.CancelledError)):
        await holder


async def claimed(scene: Scene, ledger: Ledger) -> Claim:
    """An import of `ROWS` rows, in hand."""
    await scene.accept(csv_of_grants(ROWS))
    claim = await ledger.claim()
    assert claim is not None
    return claim


async def test_its_import_is_free_after_the_lease(scene: Scene, eventually: Eventually) -> None:
    ledger = Ledger(scene.pool, scene.captured.telemetry, lease_seconds=0.1)
    claim = await claimed(scene, ledger)
    async with standing_still(scene, claim, eventually):
        taken = await eventually(ledger.claim)
        assert taken.attempt == claim.attempt + 1
        assert await scene.runner.run(taken, asyncio.Event())
        assert (await scene.status(claim.id))["rows"]["added"] == ROWS
    assert scene.captured.line(signals.IMPORT_HOLDER_ENDED.name)["level"] == "warning"


async def test_its_import_is_its_own_within_the_lease(scene: Scene, eventually: Eventually) -> None:
    ledger = Ledger(scene.pool, scene.captured.telemetry, lease_seconds=60)
    async with standing_still(scene, await claimed(scene, ledger), eventually):
        assert await ledger.claim() is None
        assert await scene.sql(FROZEN)


async def test_a_copy_that_is_none_of_an_imports_goes_on(
    scene: Scene, eventually: Eventually
) -> None:
    ledger = Ledger(scene.pool, scene.captured.telemetry, lease_seconds=0.1)
    claim = await claimed(scene, ledger)
    async with standing_still(scene, None, eventually):
        taken = await eventually(ledger.claim)
        assert taken.attempt == claim.attempt + 1
        await asyncio.sleep(0.2)  # the lease is over once more, and the COPY older than it
        assert await ledger.claim() is not None
        assert await scene.sql(FROZEN)
