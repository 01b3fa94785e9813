"""Decisions of record: a check whose answer must be provable later.

Only a check that asks for it (`"record": true`, or AuthZEN's `context: {"record": true}`) is put
on record: a write a check would make the trail mostly reads, and every check as slow as a commit.
"""

from collections.abc import Iterable

from app.audit.trail import Entry, Outcome, record, record_all
from app.authorization.model import FULL, AccessQuery, Decision
from app.authorization.service import AuthorizationService
from app.database.pool import DatabasePool

ACTION = "decision"


class DecisionsOfRecord:
    """Decides from the newest state, and answers once the decision is on record."""

    def __init__(self, authorization: AuthorizationService, pool: DatabasePool) -> None:
        self._authorization = authorization
        self._pool = pool

    async def check_permission(self, actor: str, user: str, resource: str, action: str) -> Decision:
        """Return the decision. Raises `Unavailable` where it could not be put on record either."""
        decision = await self._authorization.check_permission(user, resource, action, FULL)
        entry = _entry(actor, AccessQuery(user, resource, action, FULL), decision)
        async with self._pool.transaction() as connection:
            await record(connection, entry)
        return decision

    async def put(self, actor: str, decided: Iterable[tuple[AccessQuery, Decision]]) -> None:
        """Put decisions on record that were made from the newest state; all of them, or none."""
        entries = [_entry(actor, query, decision) for query, decision in decided]
        if entries:
            async with self._pool.transaction() as connection:
                await record_all(connection, entries)


def _entry(actor: str, query: AccessQuery, decision: Decision) -> Entry:
    details = {"user": query.user, "action": query.action, "source": decision.source.value}
    outcome = Outcome.ALLOW if decision.allowed else Outcome.DENY
    return Entry(actor, ACTION, query.resource, outcome, details)
