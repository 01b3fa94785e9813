"""The in-process cache: what it keeps, for how long, and what it tells of itself."""

import pytest

from app import signals
from app.authorization.epoch import TRUSTED_SECONDS, Epoch
from app.authorization.l1 import LONGEST_DENIAL_SECONDS, LONGEST_SECONDS, LocalCache
from app.authorization.model import AccessQuery, Decision, Source
from telemetry.testing import Captured
from tests.app.authorization.conftest import ALICE, Clock, Counted, some_epoch


@pytest.fixture
def inner() -> Counted:
    return Counted()


@pytest.fixture
def cache(inner: Counted, epoch: Epoch, captured: Captured) -> LocalCache:
    meter, tracing = captured.telemetry.meter, captured.telemetry.tracing
    return LocalCache(inner, epoch, meter, tracing, most_entries=3, clock=lambda: 0.0)


def lookups(captured: Captured, result: str) -> float:
    return captured.sample(
        signals.CACHE_LOOKUPS,
        {"authorization.cache.layer": "l1", "authorization.cache.result": result},
    )


async def test_a_denial_is_remembered_as_one(
    cache: LocalCache, inner: Counted, captured: Captured
) -> None:
    assert await cache.decide(ALICE) == Decision(allowed=False, source=Source.DATABASE)
    assert await cache.decide(ALICE) == Decision(allowed=False, source=Source.L1)
    assert inner.asked == 1
    assert (lookups(captured, "miss"), lookups(captured, "hit")) == (1, 1)
    results = [
        (span.attributes or {}).get("authorization.cache.result") for span in captured.spans()
    ]
    assert results == ["miss", "hit"]


@pytest.mark.parametrize(
    ("allowed", "longest"), [(True, LONGEST_SECONDS), (False, LONGEST_DENIAL_SECONDS)]
)
async def test_nothing_is_remembered_for_longer_than_its_time(
    allowed: bool,  # noqa: FBT001  # a parameter of the test
    longest: float,
    inner: Counted,
    epoch: Epoch,
    captured: Captured,
) -> None:
    assert longest <= LONGEST_SECONDS <= 5
    now = Clock()
    inner.allowed = allowed
    meter, tracing = captured.telemetry.meter, captured.telemetry.tracing
    cache = LocalCache(inner, epoch, meter, tracing, clock=now)
    await cache.decide(ALICE)
    now.now += longest * 0.79
    await cache.decide(ALICE)  # asked in between: that prolongs nothing
    assert inner.asked == 1
    now.now += longest * 0.21
    await cache.decide(ALICE)
    assert inner.asked == 2


async def test_what_came_together_does_not_go_together(
    inner: Counted, epoch: Epoch, captured: Captured
) -> None:
    now = Clock()
    meter, tracing = captured.telemetry.meter, captured.telemetry.tracing
    cache = LocalCache(inner, epoch, meter, tracing, clock=now)
    queries = [AccessQuery(str(number), "r", "a") for number in range(200)]
    for query in queries:
        await cache.decide(query)
    now.now += LONGEST_DENIAL_SECONDS * 0.9
    for query in queries:
        await cache.decide(query)
    assert 200 < inner.asked < 400


async def test_another_epoch_forgets(cache: LocalCache, inner: Counted, epoch: Epoch) -> None:
    await cache.decide(ALICE)
    epoch.move(some_epoch(2))
    inner.allowed = True
    assert (await cache.decide(ALICE)).allowed
    assert inner.asked == 2


async def test_an_unconfirmed_epoch_goes_past_the_cache(
    cache: LocalCache, inner: Counted, clock: Clock, captured: Captured
) -> None:
    await cache.decide(ALICE)
    clock.now += TRUSTED_SECONDS + 0.1
    await cache.decide(ALICE)
    await cache.decide(ALICE)
    assert inner.asked == 3
    assert lookups(captured, "bypass") == 2


async def test_it_is_bounded_and_keeps_what_was_used_last(
    cache: LocalCache, inner: Counted, captured: Captured
) -> None:
    queries = [AccessQuery(str(number), "r", "a") for number in range(4)]
    for number in (0, 1, 2, 0, 3, 0):
        await cache.decide(queries[number])
    assert inner.asked == 4
    assert captured.sample(signals.CACHE_ENTRIES) == 3
    await cache.decide(queries[1])
    assert inner.asked == 5
