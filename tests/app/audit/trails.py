"""A sealed trail to test with, and the superuser who may do anything to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from app.audit.sealer import Sealer
from app.audit.trail import Entry, Outcome, record_all
from app.database.pool import DatabasePool

TABLES = ("audit_entries", "audit_chain", "audit_checkpoints")


def entries(first: int, count: int) -> list[Entry]:
    return [
        Entry(
            f"key-{number % 7}",
            ("grant.add", "grant.revoke", "report.schedule")[number % 3],
            f"doc:{number}",
            Outcome.DONE,
            {"user": f"bob-{number}", "n": number, "nested": {"ü": [None, True, "\u2028"]}},
        )
        for number in range(first, first + count)
    ]


async def write_trail(pool: DatabasePool, count: int, *, in_one: int = 3) -> None:
    """Record `count` entries, `in_one` a transaction."""
    for first in range(0, count, in_one):
        async with pool.transaction() as connection:
            await record_all(connection, entries(first, min(in_one, count - first)))


async def seal_all(sealer: Sealer) -> int:
    total = 0
    while sealed := await sealer.seal():
        total += sealed
    return total


@asynccontextmanager
async def superuser(url: str) -> AsyncIterator[Any]:
    """A connection for which the triggers are off."""
    connection = await asyncpg.connect(url)
    try:
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield connection
    finally:
        await connection.close()


async def guarded(connection: Any) -> None:  # noqa: ANN401  # asyncpg's
    """Put the triggers on again, as the migration did."""
    for table in TABLES:
        for guard in ("append_only", "no_truncate"):
            await connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{guard}")
