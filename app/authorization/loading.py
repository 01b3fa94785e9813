"""What a cache layer does about a decision that it does not have; L1 and L2 do the same.

Load it from the layer below, once for all who ask meanwhile, and keep it only if the epoch is
still the one from before the load.
"""

import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import Final

from app import signals
from app.authorization.coalescing import SingleFlight
from app.authorization.epoch import KnownEpoch
from app.authorization.model import (
    MINIMIZE_LATENCY,
    AccessQuery,
    Decision,
    DecisionLayer,
    EpochId,
    LookupResult,
    Question,
    Source,
)
from telemetry.metrics import Meter

JOINED_UNCONFIRMED_SECONDS: Final = 1.0
"""Without a confirmed epoch nobody joins a load that is older: it may know too little."""


class Fill(StrEnum):
    """What became of a loaded decision; the values of `app.signals.CACHE_FILL`."""

    STORED = "stored"
    STALE_REFUSED = "stale_refused"
    ERROR = "error"


Keep = Callable[[AccessQuery, EpochId, Decision], Awaitable[Fill]]


def refusal_of(query: AccessQuery, epoch: EpochId | None) -> LookupResult | None:
    """Return why nothing remembered in this epoch may answer, or None where it may."""
    if epoch is None or query.consistency.accepts(epoch):
        return LookupResult.BYPASS if epoch is None else None
    is_behind = query.consistency.floor is not None
    return LookupResult.STALE_REFUSED if is_behind else LookupResult.BYPASS


class Loads:
    """The way from a cache layer to the layer below it."""

    def __init__(  # noqa: PLR0913, PLR0917  # its dependencies
        self,
        layer: Source,
        inner: DecisionLayer,
        epoch: KnownEpoch,
        keep: Keep,
        meter: Meter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._layer = layer.value
        self._inner = inner
        self._epoch = epoch
        self._keep = keep
        self._flights: SingleFlight[tuple[Question, EpochId | None], Decision]
        self._flights = SingleFlight(clock)
        self._durations = meter.histogram(signals.CACHE_LOAD_DURATION)
        self._fills = meter.counter(signals.CACHE_FILLS)
        lookups = meter.counter(signals.CACHE_LOOKUPS)
        for fill in Fill:
            self._fills.add(0, self._layer, fill.value)  # a rate needs a first sample
        for result in LookupResult:
            lookups.add(0, self._layer, result.value)

    def is_under_way(self, query: AccessQuery, epoch: EpochId) -> bool:
        """Tell whether `fill` would join a load that others wait for."""
        return self._flights.is_under_way((query.question, epoch))

    def fill(self, query: AccessQuery, epoch: EpochId, *, kept: bool = True) -> Awaitable[Decision]:
        """Return the inner layer's decision and keep it; `epoch` is the one known just now.

        All who know the same epoch may share a load: it began when that was known already.
        """
        load = partial(self._filled, query, epoch) if kept else partial(self._timed, query)
        return self._flights.run((query.question, epoch), load)

    async def pass_by(self, query: AccessQuery, epoch: EpochId | None) -> Decision:
        """Return the inner layer's decision and keep nothing."""
        if epoch is not None or query.consistency != MINIMIZE_LATENCY:
            return await self._timed(query)  # a demand that nobody else's load need meet
        # The database has to bear all of it now: still one load per key.
        return await self._flights.run(
            (query.question, None), partial(self._timed, query), JOINED_UNCONFIRMED_SECONDS
        )

    async def _filled(self, query: AccessQuery, epoch: EpochId) -> Decision:
        decision = await self._timed(query)
        is_current = self._epoch.current() == epoch
        fill = await self._keep(query, epoch, decision) if is_current else Fill.STALE_REFUSED
        self._fills.add(1, self._layer, fill.value)
        return decision

    async def _timed(self, query: AccessQuery) -> Decision:
        started = time.perf_counter()
        decision = await self._inner.decide(query)
        self._durations.observe(time.perf_counter() - started, self._layer)
        return decision
