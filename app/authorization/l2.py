"""The second layer: decisions that the replicas share, in Redis, for at most a minute.

A key holds no name: it is a hash of the length-prefixed fields and the epoch, so no two questions
share one. A value is one byte: a cached denial is `0`, which is not the same as nothing cached.
Whatever Redis does, the answer is right: a failure is counted, and the database answers.
"""

import hashlib
import random
from contextlib import suppress
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
from app.authorization.store import RedisStore, StoreUnavailableError
from telemetry.metrics import Meter
from telemetry.tracing import Tracing

LONGEST_MILLISECONDS: Final = 60_000
_JITTER: Final = 0.2
_BYTES: Final = {True: b"1", False: b"0"}
_DECISIONS: Final = {value: allowed for allowed, value in _BYTES.items()}


class SharedCache:
    """A cache in Redis around another layer; its entries count for one epoch only."""

    def __init__(
        self,
        inner: DecisionLayer,
        store: RedisStore,
        epoch: KnownEpoch,
        meter: Meter,
        tracing: Tracing,
    ) -> None:
        self._inner = inner
        self._store = store
        self._epoch = epoch
        self._tracing = tracing
        self._lookups = meter.counter(signals.CACHE_LOOKUPS)
        for result in LookupResult:
            self._lookups.add(0, Source.L2.value, result.value)  # a rate needs a first sample

    async def decide(self, query: AccessQuery) -> Decision:
        """Return the decision that Redis holds, or the inner layer's, which is then put there."""
        with self._tracing.span(signals.CACHE_L2) as span:
            # Known before the load: what is loaded later is at least as new as this epoch.
            epoch = self._epoch.current()
            key = None if epoch is None else key_of(query, epoch)
            result, allowed = await self._look_up(key)
            span.set_attribute(signals.CACHE_RESULT.attribute, result.value)
            self._lookups.add(1, Source.L2.value, result.value)
            if allowed is not None:
                return Decision(allowed, Source.L2)
            decision = await self._inner.decide(query)
            if key is not None and result is LookupResult.MISS:
                await self._keep(key, allowed=decision.allowed)
            return decision

    async def _look_up(self, key: bytes | None) -> tuple[LookupResult, bool | None]:
        if key is None:
            return LookupResult.BYPASS, None
        try:
            value = await self._store.get(key)
        except StoreUnavailableError:
            return LookupResult.ERROR, None
        allowed = None if value is None else _DECISIONS.get(value)
        return (LookupResult.MISS if allowed is None else LookupResult.HIT), allowed

    async def _keep(self, key: bytes, *, allowed: bool) -> None:
        # The jitter keeps entries that came together from expiring together.
        jitter = 1 - _JITTER * random.random()  # noqa: S311  # no secret
        with suppress(StoreUnavailableError):
            await self._store.set(key, _BYTES[allowed], round(LONGEST_MILLISECONDS * jitter))


def key_of(query: AccessQuery, epoch: EpochId) -> bytes:
    """Return the key of a question in an epoch; each field is preceded by its length."""
    digest = hashlib.blake2b(epoch.mark.bytes, digest_size=24)
    for field in (query.user, query.resource, query.action):
        raw = field.encode()
        digest.update(len(raw).to_bytes(4))
        digest.update(raw)
    return b"sightline:decision:" + digest.hexdigest().encode()
