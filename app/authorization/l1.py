"""The first layer: decisions kept in this process, for at most five seconds."""

import random
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from app import signals
from app.authorization.epoch import KnownEpoch
from app.authorization.loading import Fill, Loads, refusal_of
from app.authorization.model import (
    AccessQuery,
    Decision,
    DecisionLayer,
    EpochId,
    LookupResult,
    Question,
    Source,
)
from telemetry.metrics import Meter
from telemetry.tracing import Tracing

LONGEST_SECONDS: Final = 5.0
LONGEST_DENIAL_SECONDS: Final = 2.0
MOST_ENTRIES: Final = 10_000
_LAYER: Final = Source.L1.value
_JITTER: Final = 0.2
_LIFETIMES: Final = {True: LONGEST_SECONDS, False: LONGEST_DENIAL_SECONDS}
_HELD: Final = {allowed: Decision(allowed, Source.L1) for allowed in (True, False)}


class _Entry(NamedTuple):
    decision: Decision
    epoch: EpochId
    expires: float


class LocalCache:
    """A least-recently-used cache around another layer; its entries live for one epoch only."""

    def __init__(  # noqa: PLR0913  # its dependencies, and two that tests replace
        self,
        inner: DecisionLayer,
        epoch: KnownEpoch,
        meter: Meter,
        tracing: Tracing,
        *,
        most_entries: int = MOST_ENTRIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loads = Loads(Source.L1, inner, epoch, self._keep, meter, clock)
        self._epoch = epoch
        self._tracing = tracing
        self._most_entries = most_entries
        self._clock = clock
        self._entries: OrderedDict[Question, _Entry] = OrderedDict()
        self._lookups = meter.counter(signals.CACHE_LOOKUPS)
        meter.gauge(signals.CACHE_ENTRIES).set_function(lambda: len(self._entries))

    async def decide(self, query: AccessQuery) -> Decision:
        """Return the decision on hand, or the inner layer's, which is then kept."""
        with self._tracing.span(signals.CACHE_L1) as span:
            # Known before the load: what is loaded later is at least as new as this epoch.
            epoch = self._epoch.current()
            refusal = refusal_of(query, epoch)
            result, decision = (refusal, None) if refusal else self._look_up(query, epoch)
            found = result.value
            span.set_attribute(signals.CACHE_RESULT.attribute, found)
            self._lookups.add(1, _LAYER, found)
            if decision is not None:
                return decision
            if refusal or epoch is None:
                return await self._loads.pass_by(query, epoch)
            return await self._loads.fill(query, epoch)

    def _look_up(
        self, query: AccessQuery, epoch: EpochId | None
    ) -> tuple[LookupResult, Decision | None]:
        question = query.question
        entry = self._entries.get(question)
        if entry is not None and entry.expires > self._clock():
            if entry.epoch == epoch:
                self._entries.move_to_end(question)
                return LookupResult.HIT, entry.decision
            result = LookupResult.STALE_REFUSED
        else:
            result = LookupResult.MISS
        if epoch is not None and self._loads.is_under_way(query, epoch):
            result = LookupResult.COALESCED
        return result, None

    async def _keep(self, query: AccessQuery, epoch: EpochId, decision: Decision) -> Fill:
        # The jitter keeps entries that came together from expiring together.
        jitter = 1 - _JITTER * random.random()  # noqa: S311  # no secret
        expires = self._clock() + _LIFETIMES[decision.allowed] * jitter
        self._entries[query.question] = _Entry(_HELD[decision.allowed], epoch, expires)
        self._entries.move_to_end(query.question)
        if len(self._entries) > self._most_entries:
            self._entries.popitem(last=False)
        return Fill.STORED
