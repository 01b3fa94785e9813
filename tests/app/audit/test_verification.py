import tracemalloc

import pytest

from app.audit.chain import digest_of, link_hash
from app.audit.diagnosis import Kind
from app.audit.sealer import Sealer
from app.audit.verification import Anchor, Verification, verify
from app.database import audit_check
from app.database.pool import DatabasePool
from app.settings import Settings
from tests.app.audit.trails import seal_all, superuser, write_trail


async def _verify(pool: DatabasePool, *anchors: Anchor) -> Verification:
    async with pool.acquire() as connection:
        return await verify(connection, anchors=anchors)


async def test_an_empty_trail_is_intact(pool: DatabasePool) -> None:
    result = await _verify(pool)
    assert (result.broken, result.checked, result.is_complete) == (None, 0, True)


async def test_a_walk_may_go_in_steps_each_from_where_the_last_ended(
    pool: DatabasePool, sealer: Sealer
) -> None:
    await write_trail(pool, 25)
    await seal_all(sealer)
    async with pool.acquire() as connection:
        first = await verify(connection, at_most=10)
        second = await verify(connection, at_most=10, after=first.end)
        third = await verify(connection, at_most=10, after=second.end)
    assert [(one.checked, one.is_complete) for one in (first, second, third)] == [
        (10, False),
        (10, False),
        (5, True),
    ]


async def test_a_step_is_held_to_the_hash_that_the_caller_brought(
    pool: DatabasePool, sealer: Sealer, settings: Settings
) -> None:
    await write_trail(pool, 20)
    await seal_all(sealer)
    async with pool.acquire() as connection:
        first = await verify(connection, at_most=10)
    async with superuser(settings.database_url.get_secret_value()) as connection:
        await _write_anew(connection, 8)
        second = await verify(connection, after=first.end)
    assert second.broken is not None
    assert (second.broken.number, second.broken.kind) == (10, Kind.REWRITTEN)
    assert second.broken.is_claimed


async def test_a_step_finds_that_the_end_was_cut_off_since_the_last(
    pool: DatabasePool, sealer: Sealer, settings: Settings
) -> None:
    await write_trail(pool, 20)
    await seal_all(sealer)
    async with pool.acquire() as connection:
        first = await verify(connection, at_most=10)
    async with superuser(settings.database_url.get_secret_value()) as connection:
        await connection.execute("DELETE FROM audit_chain WHERE number > 8")
        await connection.execute("DELETE FROM audit_entries WHERE id > 8")
        second = await verify(connection, after=first.end)
    assert second.broken is not None
    assert (second.broken.number, second.broken.kind) == (10, Kind.DELETED)
    assert second.broken.is_claimed


async def test_a_chain_written_anew_is_found_by_an_anchor_and_only_by_that(
    pool: DatabasePool, sealer: Sealer, settings: Settings
) -> None:
    await write_trail(pool, 20)
    await seal_all(sealer)
    head = (await _verify(pool)).end
    async with superuser(settings.database_url.get_secret_value()) as connection:
        await _write_anew(connection, 8)
    assert (await _verify(pool)).broken is None  # said plainly: the chain alone does not show it
    found = await _verify(pool, Anchor(head.number, head.hash))
    assert found.broken is not None
    assert (found.broken.number, found.broken.kind) == (20, Kind.REWRITTEN)


async def test_an_end_that_was_cut_off_is_found_by_an_anchor(
    pool: DatabasePool, sealer: Sealer, settings: Settings
) -> None:
    await write_trail(pool, 20)
    await seal_all(sealer)
    head = (await _verify(pool)).end
    anchor = Anchor(head.number, head.hash)
    assert (await _verify(pool, anchor)).anchors_met == 1
    async with superuser(settings.database_url.get_secret_value()) as connection:
        await connection.execute("DELETE FROM audit_chain WHERE number > 15")
        await connection.execute("DELETE FROM audit_entries WHERE id > 15")
    assert (await _verify(pool)).broken is None
    found = await _verify(pool, anchor)
    assert found.broken is not None
    assert (found.broken.number, found.broken.kind) == (20, Kind.DELETED)


async def test_what_is_not_sealed_yet_is_no_break(pool: DatabasePool, sealer: Sealer) -> None:
    await write_trail(pool, 6)
    await seal_all(sealer)
    await write_trail(pool, 6)
    result = await _verify(pool)
    assert (result.broken, result.checked) == (None, 6)


@pytest.mark.parametrize("entries", [2_000, 6_000])
async def test_memory_does_not_grow_with_the_chain(
    entries: int, pool: DatabasePool, sealer: Sealer
) -> None:
    await write_trail(pool, entries, in_one=500)
    await seal_all(sealer)
    await _verify(pool)  # what is made once
    tracemalloc.start()
    try:
        result = await _verify(pool)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.checked == entries
    assert peak < 8_000_000  # a page of 1,000 entries; all of them would be 16 MB and more


async def _write_anew(connection: object, number: int) -> None:
    """Edit an entry and seal it and all that follow again, as a superuser can."""
    await connection.execute(  # type: ignore[attr-defined]  # asyncpg ships no types
        "UPDATE audit_entries SET actor = 'nobody' WHERE id ="
        " (SELECT entry_id FROM audit_chain WHERE number = $1)",
        number,
    )
    before = await audit_check.link_at(connection, number - 1)
    assert before is not None
    previous = before.hash
    for sealed in await audit_check.links_after(connection, number - 1, 1_000):
        link = sealed.link
        assert sealed.entry is not None
        digest = digest_of(sealed.entry)
        made = link_hash(link.number, link.entry_id, link.xid, digest, previous)
        await connection.execute(  # type: ignore[attr-defined]  # asyncpg ships no types
            "UPDATE audit_chain SET digest = $2, previous = $3, hash = $4 WHERE number = $1",
            *(link.number, digest, previous, made),
        )
        previous = made
