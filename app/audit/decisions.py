"""Decisions of record: a check whose answer must be provable later.

Only a check that asks for it (`"record": true`, or AuthZEN's `context: {"record": true}`) is put
on record: a write a check would make the trail mostly reads, and every check as slow as a commit.

The decision and its entry are one transaction, which has its place in the chain's order before it
decides: no allow is sealed behind a revoke that was made after it.
"""

from collections.abc import Callable, Iterable, Sequence

from app.audit.trail import Entry, Outcome, record, record_all
from app.authorization.limits import GraphTooLarge
from app.authorization.model import FULL, AccessQuery, Decision
from app.authorization.questions import GraphQuestions
from app.authorization.service import AuthorizationService
from app.database.audit_entries import take_place
from app.database.pool import DatabasePool

ACTION = "decision"

Decisions = Sequence[Decision | GraphTooLarge]
OfRecord = Callable[[Decisions], Iterable[tuple[AccessQuery, Decision]]]
"""Tells which of the decisions are to be put on record."""


class DecisionsOfRecord:
    """Decides from the newest state, and answers once the decision is on record."""

    def __init__(
        self, authorization: AuthorizationService, questions: GraphQuestions, pool: DatabasePool
    ) -> None:
        self._authorization = authorization
        self._questions = questions
        self._pool = pool

    async def check_permission(self, actor: str, user: str, resource: str, action: str) -> Decision:
        """Return the decision. Raises `Unavailable` where it could not be put on record either."""
        async with self._pool.transaction() as connection:
            await take_place(connection)
            evaluator = self._questions.on(connection).evaluator
            decision = await self._authorization.check_permission(
                user, resource, action, FULL, by=evaluator
            )
            await record(
                connection, _entry(actor, AccessQuery(user, resource, action, FULL), decision)
            )
        return decision

    async def check_many(
        self, actor: str, queries: Sequence[AccessQuery], of_record: OfRecord
    ) -> Decisions:
        """Return the decisions; all that are of record are on it then, or none."""
        async with self._pool.transaction() as connection:
            await take_place(connection)
            decisions = await self._questions.on(connection).check_many(queries)
            await record_all(connection, (_entry(actor, *one) for one in of_record(decisions)))
        return decisions


def _entry(actor: str, query: AccessQuery, decision: Decision) -> Entry:
    details = {"user": query.user, "action": query.action, "source": decision.source.value}
    outcome = Outcome.ALLOW if decision.allowed else Outcome.DENY
    return Entry(actor, ACTION, query.resource, outcome, details)
