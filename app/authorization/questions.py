"""What is asked of the graph itself, past the caches: many checks at once, and why."""

import copy
from collections.abc import Sequence
from typing import Self

from app import signals
from app.authorization.evaluator import GrantEvaluator
from app.authorization.explanation import Explanation
from app.authorization.limits import GraphTooLarge
from app.authorization.model import AccessQuery, Decision
from app.database.pool import Connection
from telemetry.runtime import Telemetry

MOST_CHECKS = 100
"""In one batch."""


class GraphQuestions:
    """Answers from the newest state, whatever consistency is demanded."""

    def __init__(self, evaluator: GrantEvaluator, telemetry: Telemetry) -> None:
        self.evaluator = evaluator
        self._pseudonyms = telemetry.pseudonyms
        self._batch_size = telemetry.meter.histogram(signals.CHECK_BATCH_SIZE)

    def on(self, connection: Connection) -> Self:
        """Return the same, asking that connection: within its transaction."""
        bound = copy.copy(self)
        bound.evaluator = self.evaluator.on(connection)
        return bound

    async def check_many(self, queries: Sequence[AccessQuery]) -> list[Decision | GraphTooLarge]:
        """Return the decisions in the queries' order, all of one state; see `GrantEvaluator`."""
        if not queries:
            return []
        self._batch_size.observe(len(queries))
        return await self.evaluator.decide_many(queries)

    async def explain(self, query: AccessQuery) -> Explanation:
        """Return which paths allow it, or none; see `GrantEvaluator`."""
        self._pseudonyms.mark(signals.SUBJECT_HASH, query.user)
        return await self.evaluator.explain(query)
