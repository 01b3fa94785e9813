"""Cases about PostgreSQL through asyncpg."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from bench.defects.judging import (
    Connection,
    Judge,
    Work,
    count,
    named,
    no_secret,
    seconds,
    status_code,
)
from bench.defects.model import Case, Look, Maker, Postgres, Seen, names
from bench.defects.shop import SECRET

_WAIT_SECONDS: Final = 0.2


def cases(url: str) -> tuple[Case, ...]:
    """Return the cases, for the database at `url`."""

    def on_a_connection(work: Work, judge: Judge) -> Look:
        return lambda make: _on_a_connection(make, url, work, judge)

    return (
        Case(
            "a wait of 0.2 s for a connection of the pool",
            "a span",
            lambda make: _waits(make, url),
        ),
        Case("spans of giving a connection back", "none", lambda make: _given_back(make, url)),
        Case(
            "spans of a transaction with one SELECT", "1", on_a_connection(_transaction, count(1))
        ),
        Case("spans of a cursor over 5 rows", "1", on_a_connection(_cursor, count(1))),
        Case("spans of a table created and filled by COPY", "2", on_a_connection(_copy, count(2))),
        Case(
            "name of a SELECT",
            "`SELECT pg_class`",
            on_a_connection(_select, named("SELECT pg_class")),
        ),
        Case("a literal in the SQL", "not found", on_a_connection(_literal, no_secret)),
        Case(
            "SQLSTATE of a unique violation",
            "23505",
            on_a_connection(_duplicate, status_code("23505")),
        ),
        Case(
            "the row in a unique violation's DETAIL",
            "not found",
            on_a_connection(_duplicate, no_secret),
        ),
        Case(
            "metrics of one statement",
            "a duration of the operation",
            lambda make: _measured(make, url),
        ),
    )


@asynccontextmanager
async def _pool_of(postgres: Postgres) -> AsyncIterator[Any]:
    pool = await postgres.pool()
    try:
        yield pool
    finally:
        await pool.close()


async def _on_a_connection(make: Maker, url: str, work: Work, judge: Judge) -> Seen:
    with make() as stack, stack.postgres(url) as postgres:
        async with _pool_of(postgres) as pool, pool.acquire() as connection:
            before = len(stack.spans())
            await work(connection)
            return judge(stack.spans()[before:])


async def _waits(make: Maker, url: str) -> Seen:
    with make() as stack, stack.postgres(url) as postgres:
        async with _pool_of(postgres) as pool:

            async def hold() -> None:
                async with pool.acquire():
                    await asyncio.sleep(_WAIT_SECONDS)

            holding = asyncio.create_task(hold())
            await asyncio.sleep(0)
            async with pool.acquire():
                pass
            await holding
        longest = max((seconds(span) for span in stack.spans()), default=0.0)
    seen = longest > _WAIT_SECONDS / 2
    return Seen(seen, "a span" if seen else "nothing that lasts as long")


async def _given_back(make: Maker, url: str) -> Seen:
    with make() as stack, stack.postgres(url) as postgres:
        async with _pool_of(postgres) as pool:
            async with pool.acquire():
                before = len(stack.spans())
            await asyncio.sleep(0)
            spans = stack.spans()[before:]
    return Seen(not spans, names(spans))


async def _measured(make: Maker, url: str) -> Seen:
    with make() as stack, stack.postgres(url) as postgres:
        async with _pool_of(postgres) as pool, pool.acquire() as connection:
            await connection.fetchval("SELECT 1")
        found = postgres.measured()
    duration = any("operation" in name and "duration" in name for name in found)
    return Seen(duration, ", ".join(f"`{name}`" for name in found) or "none")


async def _transaction(connection: Connection) -> None:
    async with connection.transaction():
        await connection.fetchval("SELECT 1")


async def _cursor(connection: Connection) -> None:
    async with connection.transaction():
        async for _ in connection.cursor("SELECT generate_series(1, 5)"):
            pass


async def _copy(connection: Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE copied (a int)")
    await connection.copy_records_to_table("copied", records=[(1,)])


async def _duplicate(connection: Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE names (name text PRIMARY KEY)")
    for _ in range(2):
        with contextlib.suppress(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO names VALUES ($1)", SECRET)


async def _literal(connection: Connection) -> None:
    await connection.fetchval(f"SELECT '{SECRET}'")  # planted, to be looked for


async def _select(connection: Connection) -> None:
    await connection.fetch("/* page */ SELECT relname FROM pg_class LIMIT 1")
