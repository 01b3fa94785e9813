"""The last layer: the graph of grants on record in PostgreSQL, asked in one statement."""

import copy
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Self

from opentelemetry.trace import Span

from app import signals
from app.authorization.explanation import Explanation, explanation_of
from app.authorization.limits import GraphLimits, GraphTooLarge, Limit
from app.authorization.model import AccessQuery, Decision, EpochId, Source
from app.authorization.tokens import UnknownState
from app.database import relations_check
from app.database.pool import Connection, DatabasePool
from telemetry.metrics import Meter
from telemetry.tracing import Tracing

_LIMITS = {relations_check.TOO_DEEP: Limit.DEPTH, relations_check.TOO_WIDE: Limit.FAN_OUT}


class _Lent:
    """One connection in place of a pool, for whoever has it already."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """Lend it; it stays with its owner afterwards."""
        return nullcontext(self._connection)


class GrantEvaluator:
    """Decides from the database, and only from it.

    Every method raises `Unavailable` where the database is away, `UnknownState` where a query
    demands a write that is not on record, and `GraphTooLarge` past the limits.
    """

    def __init__(
        self,
        pool: DatabasePool,
        tracing: Tracing,
        meter: Meter,
        limits: GraphLimits = GraphLimits(),  # noqa: B008  # frozen
    ) -> None:
        self._pool: DatabasePool | _Lent = pool
        self._tracing = tracing
        self._limits = limits
        self._exceeded = meter.counter(signals.GRAPH_LIMITS_EXCEEDED)
        for limit in Limit:
            self._exceeded.add(0, limit.value)  # a rate needs a first sample

    def on(self, connection: Connection) -> Self:
        """Return the same evaluator, asking that connection: within its transaction."""
        bound = copy.copy(self)
        bound._pool = _Lent(connection)  # noqa: SLF001  # of its own class
        return bound

    async def decide(self, query: AccessQuery) -> Decision:
        """Return whether a grant allows it."""
        with self._tracing.span(signals.EVALUATE) as span:
            async with self._pool.acquire() as connection:
                row = await relations_check.decide(connection, query, self._limits)
            _require_state(query, row)
            return self._decision(row["outcome"], span)

    async def decide_many(self, queries: Sequence[AccessQuery]) -> list[Decision | GraphTooLarge]:
        """Return the decisions in the order of the queries, all from one state of the graph.

        A query that goes past the limits has its problem in the place of its decision.
        """
        with self._tracing.span(signals.EVALUATE_MANY) as span:
            async with self._pool.acquire() as connection:
                rows = await relations_check.decide_many(connection, queries, self._limits)
            for query, row in zip(queries, rows, strict=True):
                _require_state(query, row)
            return [self._decision_or_problem(row["outcome"], span) for row in rows]

    async def explain(self, query: AccessQuery) -> Explanation:
        """Return the decision with the paths that allow it."""
        with self._tracing.span(signals.EXPLAIN) as span:
            async with self._pool.acquire() as connection:
                found = await relations_check.explain(connection, query, self._limits)
            _require_state(query, {"number": found.epoch[0], "mark": found.epoch[1]})
            self._decision(found.outcome, span)
            return explanation_of(query, found)

    def _decision_or_problem(self, outcome: int, span: Span) -> Decision | GraphTooLarge:
        try:
            return self._decision(outcome, span)
        except GraphTooLarge as problem:
            return problem

    def _decision(self, outcome: int, span: Span) -> Decision:
        limit = _LIMITS.get(outcome)
        if limit is not None:
            self._exceeded.add(1, limit.value)
            span.set_attribute(signals.GRAPH_LIMIT.attribute, limit.value)
            raise GraphTooLarge(limit)
        return Decision(outcome == relations_check.ALLOWED, Source.DATABASE)


def _require_state(query: AccessQuery, row: Any) -> None:  # noqa: ANN401  # asyncpg's
    floor = query.consistency.floor
    if floor is not None and not EpochId(row["number"], row["mark"]).includes(floor):
        raise UnknownState
