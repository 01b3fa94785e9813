"""The schema's history: complete, in order, and safe to run from several replicas at once."""

import asyncio
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.database import migrations
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.database.schema import newest_revision, require_schema
from app.errors import StartupError
from tests.servers import PostgresServer, create_database


def test_the_schema_that_the_service_wants_is_the_newest() -> None:
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision()]


async def test_replicas_that_migrate_together_migrate_once(postgres: PostgresServer) -> None:
    await create_database(postgres, "migrated_together")
    url = postgres.url("migrated_together")
    assert await asyncio.gather(*(migrate(url) for _ in range(5))) == [newest_revision()] * 5
    assert await migrate(url) == newest_revision()
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


async def test_three_processes_that_migrate_together_migrate_once(
    postgres: PostgresServer,
) -> None:
    await create_database(postgres, "migrated_by_processes")
    url = postgres.url("migrated_by_processes")
    environment = {"PATH": os.environ["PATH"], "SIGHTLINE_DATABASE_URL": url}
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "migrate"),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    ended = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0] * 3, ended
    connection = await asyncpg.connect(url)
    versions = await connection.fetch("SELECT version_num FROM alembic_version")
    assert [row["version_num"] for row in versions] == [newest_revision()]
    assert await connection.fetchval("SELECT count(*) FROM grant_epoch") == 1
    assert await connection.fetchval("SELECT count(*) FROM api_keys_mark") == 1
    await connection.close()


async def test_grants_on_record_come_into_the_graph_as_they_were(postgres: PostgresServer) -> None:
    await create_database(postgres, "migrated_grants")
    connection = await asyncpg.connect(postgres.url("migrated_grants"))
    await connection.execute(
        """
        CREATE TABLE grants (
            user_id text NOT NULL, resource text NOT NULL, action text NOT NULL,
            granted_by text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, resource, action)
        );
        INSERT INTO grants
            SELECT 'u' || n, 'r', 'a', 'by', 'epoch'::timestamptz + n * '1 s'::interval
            FROM generate_series(1, 100) n;
        """
    )
    before = await connection.fetch("SELECT * FROM grants ORDER BY user_id")
    revision = importlib.import_module("app.database.migrations.versions.0003_relations")
    for step in (revision.upgrade, revision.downgrade, revision.upgrade):
        await _run(connection, step)
    after = await connection.fetch(
        "SELECT user_id, resource, action, granted_by, created_at FROM grants ORDER BY user_id"
    )
    assert after == before
    for wrong in ("'u1', NULL", "NULL, NULL", "'u', 'g'"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(
                "INSERT INTO grants (user_id, group_id, resource, action, granted_by)"  # noqa: S608  # our own
                f" VALUES ({wrong}, 'r', 'a', 'by')"
            )
    await connection.close()


async def _run(connection: Any, step: Callable[[], None]) -> None:  # noqa: ANN401  # asyncpg's
    """Run what a revision would, without Alembic around it."""
    statements: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alembic.op.execute", statements.append, raising=False)
        step()
    for statement in statements:
        await connection.execute(statement)
