"""What is asked of the graph itself, past the caches: many checks at once, and why."""

from collections.abc import Sequence

from app import signals
from app.authorization.evaluator import GrantEvaluator
from app.authorization.explanation import Explanation
from app.authorization.limits import GraphTooLarge
from app.authorization.model import AccessQuery, Decision
from telemetry.runtime import Telemetry

MOST_CHECKS = 100
"""In one batch."""


class GraphQuestions:
    """Answers from the newest state, whatever consistency is demanded."""

    def __init__(self, evaluator: GrantEvaluator, telemetry: Telemetry) -> None:
        self._evaluator = evaluator
        self._pseudonyms = telemetry.pseudonyms
        self._batch_size = telemetry.meter.histogram(signals.CHECK_BATCH_SIZE)

    async def check_many(self, queries: Sequence[AccessQuery]) -> list[Decision | GraphTooLarge]:
        """Return the decisions in the queries' order, all of one state; see `GrantEvaluator`."""
        if not queries:
            return []
        self._batch_size.observe(len(queries))
        return await self._evaluator.decide_many(queries)

    async def explain(self, query: AccessQuery) -> Explanation:
        """Return which paths allow it, or none; see `GrantEvaluator`."""
        self._pseudonyms.mark(signals.SUBJECT_HASH, query.user)
        return await self._evaluator.explain(query)
