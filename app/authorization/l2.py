"""The second layer: decisions that the replicas share, in Redis, for at most a minute.

A key holds no name: it is a hash of the length-prefixed fields, so no two questions share one. A
value is a byte for the decision and the mark of the epoch that it was made in: a cached denial is
not the same as nothing cached, and what another epoch left is seen for what it is.
Whatever Redis does, the answer is right: a failure is counted, and the database answers.
"""

import hashlib
import random
import time
from collections.abc import Callable
from typing import Final

from app import signals
from app.authorization.epoch import KnownEpoch
from app.authorization.loading import Fill, Loads, refusal_of
from app.authorization.model import (
    AccessQuery,
    Decision,
    DecisionLayer,
    EpochId,
    LookupResult,
    Source,
)
from app.authorization.store import RedisStore, StoreUnavailableError
from telemetry.metrics import Meter
from telemetry.tracing import Tracing

LONGEST_MILLISECONDS: Final = 60_000
LONGEST_DENIAL_MILLISECONDS: Final = 20_000
_LAYER: Final = Source.L2.value
_JITTER: Final = 0.2
_LIFETIMES: Final = {True: LONGEST_MILLISECONDS, False: LONGEST_DENIAL_MILLISECONDS}
_BYTES: Final = {True: b"1", False: b"0"}
_DECISIONS: Final = {
    value: Decision(allowed=allowed, source=Source.L2) for allowed, value in _BYTES.items()
}
_VALUE_LENGTH: Final = 1 + 16


class SharedCache:
    """A cache in Redis around another layer; its entries count for one epoch only."""

    def __init__(  # noqa: PLR0913  # its dependencies, and one that tests replace
        self,
        inner: DecisionLayer,
        store: RedisStore,
        epoch: KnownEpoch,
        meter: Meter,
        tracing: Tracing,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loads = Loads(Source.L2, inner, epoch, self._keep, meter, clock)
        self._store = store
        self._epoch = epoch
        self._tracing = tracing
        self._lookups = meter.counter(signals.CACHE_LOOKUPS)

    async def decide(self, query: AccessQuery) -> Decision:
        """Return the decision that Redis holds, or the inner layer's, which is then put there."""
        with self._tracing.span(signals.CACHE_L2) as span:
            # Known before the load: what is loaded later is at least as new as this epoch.
            epoch = self._epoch.current()
            refusal = refusal_of(query, epoch)
            decision = None
            if refusal or epoch is None:
                result = refusal or LookupResult.BYPASS
            else:
                result, decision = await self._look_up(query, epoch)
            found = result.value
            span.set_attribute(signals.CACHE_RESULT.attribute, found)
            self._lookups.add(1, _LAYER, found)
            if decision is not None:
                return decision
            if refusal or epoch is None:
                return await self._loads.pass_by(query, epoch)
            # A store that failed just now is not made to keep anything.
            return await self._loads.fill(query, epoch, kept=result is not LookupResult.ERROR)

    async def _look_up(
        self, query: AccessQuery, epoch: EpochId
    ) -> tuple[LookupResult, Decision | None]:
        try:
            value = await self._store.get(key_of(query))
        except StoreUnavailableError:
            return LookupResult.ERROR, None
        decision = _DECISIONS.get(value[:1]) if value and len(value) == _VALUE_LENGTH else None
        if value is None or decision is None:
            result = LookupResult.MISS
        # The epoch once more, as Redis may have taken its time.
        elif value[1:] == epoch.mark.bytes and self._epoch.current() == epoch:
            return LookupResult.HIT, decision
        else:
            result = LookupResult.STALE_REFUSED
        return LookupResult.COALESCED if self._loads.is_under_way(query, epoch) else result, None

    async def _keep(self, query: AccessQuery, epoch: EpochId, decision: Decision) -> Fill:
        # The jitter keeps entries that came together from expiring together.
        jitter = 1 - _JITTER * random.random()  # noqa: S311  # no secret
        value = _BYTES[decision.allowed] + epoch.mark.bytes
        try:
            await self._store.set(
                key_of(query), value, round(_LIFETIMES[decision.allowed] * jitter)
            )
        except StoreUnavailableError:
            return Fill.ERROR
        return Fill.STORED


def key_of(query: AccessQuery) -> bytes:
    """Return the key of a question; each field is preceded by its length."""
    fields = [field.encode() for field in query.question]
    whole = b"".join([len(field).to_bytes(4) + field for field in fields])
    digest = hashlib.blake2b(whole, digest_size=24)
    return b"sightline:decision:2:" + digest.hexdigest().encode()
