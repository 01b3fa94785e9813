"""The first layer: decisions kept in this process, for at most five seconds."""

import random
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app import signals
from app.authorization.epoch import KnownEpoch
from app.authorization.model import (
    AccessQuery,
    Decision,
    DecisionLayer,
    EpochId,
    LookupResult,
    Source,
)
from telemetry.metrics import Meter
from telemetry.tracing import Tracing

LONGEST_SECONDS: Final = 5.0
MOST_ENTRIES: Final = 10_000
_JITTER: Final = 0.2


@dataclass(frozen=True, slots=True)
class _Entry:
    allowed: bool
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
        self._inner = inner
        self._epoch = epoch
        self._tracing = tracing
        self._most_entries = most_entries
        self._clock = clock
        self._entries: OrderedDict[AccessQuery, _Entry] = OrderedDict()
        self._lookups = meter.counter(signals.CACHE_LOOKUPS)
        for result in (LookupResult.HIT, LookupResult.MISS, LookupResult.BYPASS):
            self._lookups.add(0, Source.L1.value, result.value)  # a rate needs a first sample
        meter.gauge(signals.CACHE_ENTRIES).set_function(lambda: len(self._entries))

    async def decide(self, query: AccessQuery) -> Decision:
        """Return the decision on hand, or the inner layer's, which is then kept."""
        with self._tracing.span(signals.CACHE_L1) as span:
            # Known before the load: what is loaded later is at least as new as this epoch.
            epoch = self._epoch.current()
            entry = None if epoch is None else self._fresh(query, epoch)
            result = _result(epoch, entry)
            span.set_attribute(signals.CACHE_RESULT.attribute, result.value)
            self._lookups.add(1, Source.L1.value, result.value)
            if entry is not None:
                return Decision(entry.allowed, Source.L1)
            decision = await self._inner.decide(query)
            if epoch is not None:
                self._keep(query, epoch, allowed=decision.allowed)
            return decision

    def _fresh(self, query: AccessQuery, epoch: EpochId) -> _Entry | None:
        entry = self._entries.get(query)
        if entry is None or entry.epoch != epoch or entry.expires <= self._clock():
            return None
        self._entries.move_to_end(query)
        return entry

    def _keep(self, query: AccessQuery, epoch: EpochId, *, allowed: bool) -> None:
        # The jitter keeps entries that came together from expiring together.
        seconds = LONGEST_SECONDS * (1 - _JITTER * random.random())  # noqa: S311  # no secret
        self._entries[query] = _Entry(allowed, epoch, self._clock() + seconds)
        self._entries.move_to_end(query)
        if len(self._entries) > self._most_entries:
            self._entries.popitem(last=False)


def _result(epoch: EpochId | None, entry: _Entry | None) -> LookupResult:
    if epoch is None:
        return LookupResult.BYPASS
    return LookupResult.MISS if entry is None else LookupResult.HIT
