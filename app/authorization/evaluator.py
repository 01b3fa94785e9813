"""The last layer: the grants on record in PostgreSQL."""

from app import signals
from app.authorization.model import AccessQuery, Decision, Source
from app.database import grants
from app.database.pool import DatabasePool
from telemetry.tracing import Tracing


class GrantEvaluator:
    """Decides from the database, and only from it."""

    def __init__(self, pool: DatabasePool, tracing: Tracing) -> None:
        self._pool = pool
        self._tracing = tracing

    async def decide(self, query: AccessQuery) -> Decision:
        """Return whether the grant is on record; `Unavailable` where the database is away."""
        with self._tracing.span(signals.EVALUATE):
            async with self._pool.acquire() as connection:
                return Decision(await grants.holds(connection, query), Source.DATABASE)
