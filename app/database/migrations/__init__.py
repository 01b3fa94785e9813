"""The schema's history, and the one way to bring a database up to date.

Alembic runs the revisions in `versions/`: plain SQL, all in one transaction, behind an advisory
lock, so replicas that start together wait for one another and the rest find nothing to do.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.database.failures import DRIVER_ERRORS
from app.errors import StartupError

_LOCK: Final = 0x5167_0001
"""The advisory lock's number: this service's, for migrations."""
_CONNECT_SECONDS: Final = 5.0
_LOCK_SECONDS: Final = 60


async def migrate(database_url: str) -> str:
    """Bring the database to the newest revision and return that revision.

    Raises `StartupError` where the database is away, or another migration holds it for over 60 s.
    """

    async def connect() -> Any:  # noqa: ANN401  # asyncpg ships no types
        return await asyncpg.connect(database_url, timeout=_CONNECT_SECONDS)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            return await connection.run_sync(_upgrade)
    except DRIVER_ERRORS as error:
        address = urlsplit(database_url).netloc.rpartition("@")[2]
        message = f"the database at {address} cannot be reached ({type(error).__name__})"
        raise StartupError(message) from error
    except DBAPIError as error:
        name = type(error.orig.__cause__ or error.orig).__name__ if error.orig else "unknown"
        message = f"the database cannot be migrated ({name})"
        raise StartupError(message) from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> str:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with EnvironmentContext(
        config,
        scripts,
        fn=lambda current, _: scripts._upgrade_revs("head", current),  # noqa: SLF001  # what `alembic upgrade` runs
        destination_rev="head",
    ) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
    return scripts.get_current_head() or "base"
