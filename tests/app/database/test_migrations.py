"""The schema's history: complete, in order, and safe to run from several replicas at once."""

import asyncio

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.database import migrations
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.database.schema import REVISION, require_schema
from app.errors import StartupError
from tests.servers import PostgresServer, create_database


def test_the_schema_that_the_service_wants_is_the_newest() -> None:
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


async def test_replicas_that_migrate_together_migrate_once(postgres: PostgresServer) -> None:
    await create_database(postgres, "migrated_together")
    url = postgres.url("migrated_together")
    assert await asyncio.gather(*(migrate(url) for _ in range(5))) == [REVISION] * 5
    assert await migrate(url) == REVISION
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM grant_epoch") == 1
    await connection.close()


async def test_a_database_behind_this_build_is_refused(pool: DatabasePool) -> None:
    await require_schema(pool)
    async with pool.acquire() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StartupError, match="run python -m app migrate"):
        await require_schema(pool)


async def test_a_database_ahead_of_this_build_is_not(pool: DatabasePool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await require_schema(pool)


async def test_the_epoch_has_one_row_for_ever(pool: DatabasePool) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        async with pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO grant_epoch (number, mark) VALUES (2, gen_random_uuid())"
            )
