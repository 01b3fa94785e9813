"""Which revision of the schema this build works with, checked once at start."""

from pathlib import Path
from typing import Final

import asyncpg
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app.database.pool import DatabasePool
from app.errors import StartupError

_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"


def newest_revision() -> str:
    """Return the newest revision of this build: its files are named `<revision>_<what>.py`.

    An older database is refused, a newer is not.
    """
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


async def require_schema(pool: DatabasePool) -> None:
    """Return if the database is migrated far enough; else raise `StartupError`."""
    try:
        with suppress_instrumentation():
            async with pool.acquire() as connection:
                found = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    needed = newest_revision()
    if found is None or found < needed:
        message = (
            f"the database is at revision {found or 'none'}, and {needed} is needed:"
            " run python -m app migrate"
        )
        raise StartupError(message)
