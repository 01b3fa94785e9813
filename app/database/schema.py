"""Which revision of the schema this build works with, checked once at start."""

from typing import Final

import asyncpg
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app.database.pool import DatabasePool
from app.errors import StartupError

REVISION: Final = "0002"
"""The newest revision in `migrations/versions`; an older database is refused, a newer is not."""


async def require_schema(pool: DatabasePool) -> None:
    """Return if the database is migrated far enough; else raise `StartupError`."""
    try:
        with suppress_instrumentation():
            async with pool.acquire() as connection:
                found = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    if found is None or found < REVISION:
        message = (
            f"the database is at revision {found or 'none'}, and {REVISION} is needed:"
            " run python -m app migrate"
        )
        raise StartupError(message)
