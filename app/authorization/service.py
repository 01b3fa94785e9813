"""Where a check enters: the layers stacked, the answer timed."""

import time

from app import signals
from app.authorization.epoch import KnownEpoch
from app.authorization.evaluator import GrantEvaluator
from app.authorization.l1 import LocalCache
from app.authorization.l2 import SharedCache
from app.authorization.model import (
    MINIMIZE_LATENCY,
    AccessQuery,
    Consistency,
    Decision,
    DecisionLayer,
)
from app.authorization.store import RedisStore
from app.database.pool import DatabasePool
from telemetry.runtime import Telemetry


class AuthorizationService:
    """Answers permission checks."""

    def __init__(self, layers: DecisionLayer, telemetry: Telemetry) -> None:
        self._layers = layers
        self._pseudonyms = telemetry.pseudonyms
        self._duration = telemetry.meter.histogram(signals.CHECK_DURATION)

    async def check_permission(
        self,
        user: str,
        resource: str,
        action: str,
        consistency: Consistency = MINIMIZE_LATENCY,
        *,
        by: DecisionLayer | None = None,
    ) -> Decision:
        """Return whether the user may, and which layer knew; `by` is asked in place of them all.

        Raises `app.errors.Unavailable` where no layer could tell: never a guess.
        """
        self._pseudonyms.mark(signals.SUBJECT_HASH, user)
        started = time.perf_counter()
        decision = await (by or self._layers).decide(
            AccessQuery(user, resource, action, consistency)
        )
        self._duration.observe(
            time.perf_counter() - started,
            "allow" if decision.allowed else "deny",
            decision.source.value,
        )
        return decision


def stacked_layers(
    pool: DatabasePool, store: RedisStore, epoch: KnownEpoch, telemetry: Telemetry
) -> DecisionLayer:
    """Return the layers in the order in which they are asked: L1, L2, database."""
    meter, tracing = telemetry.meter, telemetry.tracing
    evaluator = GrantEvaluator(pool, tracing, meter)
    shared = SharedCache(evaluator, store, epoch, meter, tracing)
    return LocalCache(shared, epoch, meter, tracing)
