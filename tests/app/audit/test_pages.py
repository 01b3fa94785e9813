"""A page of the trail reads a page's rows, in a young database without statistics too."""

import pytest

from app.database import audit_check, audit_entries
from app.database.audit_entries import Wanted
from app.database.pool import Connection, DatabasePool

_ENTRIES = 3_000
_AT_MOST = 20
_A_ROW_AND_ITS_LINK = 2
_TO_PLAN_FOR_ALL = 6
"""From its sixth run on, PostgreSQL may keep one plan of a statement for all arguments."""
_READ = """
    SELECT sum(seq_tup_read + idx_tup_fetch)::int FROM pg_stat_xact_user_tables
    WHERE relname IN ('audit_entries', 'audit_chain')
"""
_INSERT = f"""
    INSERT INTO audit_entries (actor, action, object, outcome, details, instance)
    SELECT 'actor-' || n % 7, 'read', 'object-' || n % 100, 'ok', '{{}}', 'i'
    FROM generate_series(1, {_ENTRIES}) n
"""  # noqa: S608  # a number of ours
_LINK = """
    INSERT INTO audit_chain (number, entry_id, xid, digest, previous, hash)
    SELECT id, id, xid, sha256(id::text::bytea), '', '' FROM audit_entries ORDER BY id
"""


async def _rows_read(connection: Connection, wanted: Wanted) -> int:
    async with connection.transaction():
        before: int = await connection.fetchval(_READ) or 0
        found = await audit_entries.page(connection, wanted, 1 << 60, _AT_MOST)
        assert len(found) == _AT_MOST
        assert all(number == entry.id for entry, number in found)
        after: int = await connection.fetchval(_READ)
        return after - before


@pytest.mark.parametrize(
    "wanted",
    [Wanted(), Wanted(actor="actor-3"), Wanted(object="object-5")],
    ids=["all", "actor", "object"],
)
async def test_a_listing_reads_a_pages_rows(pool: DatabasePool, wanted: Wanted) -> None:
    async with pool.acquire() as connection:
        await connection.execute("ALTER TABLE audit_entries SET (autovacuum_enabled = false)")
        for _ in range(_TO_PLAN_FOR_ALL):
            await audit_entries.page(connection, wanted, 1 << 60, _AT_MOST)
        await connection.execute(_INSERT)
        await connection.execute(_LINK)

        assert await _rows_read(connection, wanted) <= _A_ROW_AND_ITS_LINK * _AT_MOST


async def test_a_stretch_of_the_chain_reads_its_rows(pool: DatabasePool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        for _ in range(_TO_PLAN_FOR_ALL):
            await audit_check.links_after(connection, 0, _AT_MOST)
        await connection.execute(_INSERT)
        await connection.execute(_LINK)
        before: int = await connection.fetchval(_READ)

        assert len(await audit_check.links_after(connection, 1_000, _AT_MOST)) == _AT_MOST

        after: int = await connection.fetchval(_READ)
        assert after - before <= _A_ROW_AND_ITS_LINK * _AT_MOST
