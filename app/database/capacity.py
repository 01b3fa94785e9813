"""Whether the server can hold the connections of all processes, asked once at the start.

A pool that cannot grow to its bound fails under load, when nobody has time to find out why. So
the sum over all processes is compared with what the server gives before the first request.
"""

from dataclasses import dataclass
from typing import Final

from opentelemetry.instrumentation.utils import suppress_instrumentation

from app.database.pool import DatabasePool
from app.errors import StartupError
from app.settings import Settings

WEB_WATCHERS: Final = 2
"""Connections of a web process outside its pool: the epoch's watcher and the keys'."""
_MIGRATION: Final = 1

_LIMITS: Final = """
    SELECT current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - COALESCE(current_setting('reserved_connections', true)::int, 0) AS server,
           (SELECT NULLIF(datconnlimit, -1) FROM pg_database
            WHERE datname = current_database()) AS database,
           (SELECT NULLIF(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user) AS role
"""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many connections the service may open, and how many it is given, by whom."""

    needed: int
    given: int
    by: str

    @property
    def suffices(self) -> bool:
        """Whether every process can fill its pool."""
        return self.needed <= self.given


def connections_needed(settings: Settings) -> int:
    """Return the most connections of all processes together, a migration beside them included."""
    web = settings.web_replicas * (settings.database_pool_max + WEB_WATCHERS)
    workers = settings.worker_replicas * settings.database_pool_max
    return web + workers + _MIGRATION


async def measure(pool: DatabasePool, settings: Settings) -> Capacity:
    """Return what is needed, and the tightest of the server's, the database's and the role's."""
    with suppress_instrumentation():
        async with pool.acquire() as connection:
            row = await connection.fetchrow(_LIMITS)
    limits = {
        "max_connections, less the reserved": row["server"],
        "the database's CONNECTION LIMIT": row["database"],
        "the role's CONNECTION LIMIT": row["role"],
    }
    given, by = min((limit, by) for by, limit in limits.items() if limit is not None)
    return Capacity(connections_needed(settings), given, by)


async def require_capacity(pool: DatabasePool, settings: Settings) -> None:
    """Return if the server can hold all pools; else raise `StartupError`.

    Behind pgbouncer nothing is asked: it is pgbouncer that keeps the sum below the server's.
    """
    if settings.database_pgbouncer:
        return
    capacity = await measure(pool, settings)
    if not capacity.suffices:
        message = (
            f"{settings.web_replicas} web and {settings.worker_replicas} worker processes with"
            f" SIGHTLINE_DATABASE_POOL_MAX={settings.database_pool_max} may open {capacity.needed}"
            f" connections, and the database at {settings.database_address} gives"
            f" {capacity.given} ({capacity.by}): lower the pools or the replicas, or raise it"
        )
        raise StartupError(message)
