"""Whether all pools together fit the server: said at the start, in one line."""

import asyncpg
import pytest

from app.database.capacity import connections_needed, measure, require_capacity
from app.database.pool import DatabasePool
from app.errors import StartupError
from app.settings import Settings
from tests.servers import PostgresServer

_GIVEN = 57  # the test server's 60, less the 3 that are the superuser's


def sized(settings: Settings, **changed: int) -> Settings:
    return settings.model_copy(update=changed)


def test_the_sum_counts_every_process_and_what_it_holds_beside_its_pool(
    settings: Settings,
) -> None:
    size = {"database_pool_max": 5, "web_replicas": 3, "worker_replicas": 2}
    assert connections_needed(sized(settings, **size)) == 3 * (5 + 2) + 2 * 5 + 1


async def test_a_sum_that_just_fits_is_accepted_and_one_more_is_not(
    pool: DatabasePool, settings: Settings
) -> None:
    fits = sized(settings, database_pool_max=_GIVEN - 3, worker_replicas=0)
    await require_capacity(pool, fits)
    over = sized(fits, database_pool_max=_GIVEN - 2)
    with pytest.raises(StartupError) as refused:
        await require_capacity(pool, over)
    told = str(refused.value)
    assert "SIGHTLINE_DATABASE_POOL_MAX=55" in told
    assert "may open 58 connections" in told
    assert f"gives {_GIVEN}" in told
    assert "\n" not in told


async def test_more_replicas_are_reckoned_with(pool: DatabasePool, settings: Settings) -> None:
    with pytest.raises(StartupError, match="10 web and 1 worker processes"):
        await require_capacity(pool, sized(settings, web_replicas=10))


async def test_behind_pgbouncer_the_sum_is_its_own(pool: DatabasePool, settings: Settings) -> None:
    behind = sized(settings, web_replicas=1_000).model_copy(update={"database_pgbouncer": True})
    await require_capacity(pool, behind)


async def test_a_limit_of_the_database_counts_as_well(
    pool: DatabasePool, settings: Settings, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 12')
    await connection.close()
    capacity = await measure(pool, settings)
    assert (capacity.given, capacity.by) == (12, "the database's CONNECTION LIMIT")
    assert not capacity.suffices


async def test_a_limit_of_the_role_counts_as_well(
    postgres: PostgresServer, pool: DatabasePool, settings: Settings
) -> None:
    connection = await asyncpg.connect(postgres.url())
    try:
        await connection.execute("ALTER ROLE postgres CONNECTION LIMIT 11")
        capacity = await measure(pool, settings)
    finally:
        await connection.execute("ALTER ROLE postgres CONNECTION LIMIT -1")
        await connection.close()
    assert (capacity.given, capacity.by) == (11, "the role's CONNECTION LIMIT")
