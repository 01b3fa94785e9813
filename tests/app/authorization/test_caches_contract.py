"""What each cache owes beyond a right answer, shown on L1, on L2 and on both stacked.

Below them is a layer that counts who asks it, and answers when it may.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app import signals
from app.authorization.epoch import TRUSTED_SECONDS, Epoch
from app.authorization.l1 import LocalCache
from app.authorization.l2 import SharedCache
from app.authorization.model import FULL, AccessQuery, Consistency, Decision, DecisionLayer
from app.authorization.store import RedisStore
from app.errors import Unavailable
from telemetry.testing import Captured
from tests.app.authorization.conftest import ALICE, Clock, Gated, some_epoch


def demanding(consistency: Consistency) -> AccessQuery:
    return AccessQuery(ALICE.user, ALICE.resource, ALICE.action, consistency)


@pytest.fixture
def inner() -> Gated:
    return Gated(allowed=True)


@pytest.fixture(params=["l1", "l2", "all"])
def cache(  # noqa: PLR0913, PLR0917  # fixtures
    request: pytest.FixtureRequest,
    inner: Gated,
    store: RedisStore,
    epoch: Epoch,
    clock: Clock,
    captured: Captured,
) -> DecisionLayer:
    meter, tracing = captured.telemetry.meter, captured.telemetry.tracing
    layer: DecisionLayer = inner
    if request.param in {"l2", "all"}:
        layer = SharedCache(layer, store, epoch, meter, tracing, clock=clock)
    if request.param in {"l1", "all"}:
        layer = LocalCache(layer, epoch, meter, tracing, clock=clock)
    return layer


def outermost(cache: DecisionLayer) -> str:
    return "l1" if isinstance(cache, LocalCache) else "l2"


def lookups(captured: Captured, cache: DecisionLayer, result: str) -> float:
    labels = {
        "authorization.cache.layer": outermost(cache),
        "authorization.cache.result": result,
    }
    return captured.sample(signals.CACHE_LOOKUPS, labels)


def fills(captured: Captured, cache: DecisionLayer, fill: str) -> float:
    labels = {"authorization.cache.layer": outermost(cache), "authorization.cache.fill": fill}
    return captured.sample(signals.CACHE_FILLS, labels)


async def all_ask(
    cache: DecisionLayer, inner: Gated, captured: Captured, number: int, query: AccessQuery = ALICE
) -> list[asyncio.Task[Decision]]:
    """Ask at once, and return when all but the first have found that first one's load."""
    before = lookups(captured, cache, "coalesced")
    asking = [asyncio.create_task(cache.decide(query)) for _ in range(number)]
    await inner.started.acquire()
    async with asyncio.timeout(20):
        while lookups(captured, cache, "coalesced") - before < number - 1:  # noqa: ASYNC110  # a counter
            await asyncio.sleep(0.001)
    return asking


@asynccontextmanager
async def load_under_way(
    cache: DecisionLayer, inner: Gated, query: AccessQuery = ALICE
) -> AsyncIterator[asyncio.Task[Decision]]:
    loading = asyncio.create_task(cache.decide(query))
    async with asyncio.timeout(20):
        await inner.started.acquire()
    yield loading
    inner.may_end.set()
    await loading


async def test_many_at_once_are_one_load(
    cache: DecisionLayer, inner: Gated, captured: Captured
) -> None:
    asking = await all_ask(cache, inner, captured, 200)
    inner.may_end.set()
    assert {decision.allowed for decision in await asyncio.gather(*asking)} == {True}
    assert inner.asked == 1
    assert (await cache.decide(ALICE)).source == outermost(cache)
    found = {result: lookups(captured, cache, result) for result in ("miss", "coalesced", "hit")}
    assert found == {"miss": 1, "coalesced": 199, "hit": 1}
    loads = captured.sample(
        signals.CACHE_LOAD_DURATION, {"authorization.cache.layer": outermost(cache)}
    )
    assert (loads, fills(captured, cache, "stored")) == (1, 1)


async def test_the_load_outlives_whoever_began_it(
    cache: DecisionLayer, inner: Gated, captured: Captured
) -> None:
    leader, *others = await all_ask(cache, inner, captured, 20)
    leader.cancel()
    others.pop().cancel()
    await asyncio.gather(leader, return_exceptions=True)
    later = asyncio.create_task(cache.decide(ALICE))
    await asyncio.sleep(0)
    inner.may_end.set()
    assert {one.allowed for one in await asyncio.gather(*others[:-1], later)} == {True}
    assert (await cache.decide(ALICE)).source == outermost(cache)
    assert inner.asked == 1


async def test_a_load_that_nobody_waits_for_any_more_is_kept_too(
    cache: DecisionLayer, inner: Gated, captured: Captured
) -> None:
    asking = await all_ask(cache, inner, captured, 3)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    inner.may_end.set()
    async with asyncio.timeout(20):
        while fills(captured, cache, "stored") < 1:  # noqa: ASYNC110  # a counter has no Event
            await asyncio.sleep(0.001)
    assert (await cache.decide(ALICE)).source == outermost(cache)
    assert inner.asked == 1


async def test_a_failure_is_told_to_all_who_wait_and_not_remembered(
    cache: DecisionLayer, inner: Gated, captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = inner.decide

    async def fails(query: AccessQuery) -> Decision:
        await works(query)
        message = "The database is away."
        raise Unavailable(message)

    monkeypatch.setattr(inner, "decide", fails)
    asking = await all_ask(cache, inner, captured, 5)
    inner.may_end.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    monkeypatch.undo()
    assert (await cache.decide(ALICE)).allowed
    assert inner.asked == 2


async def test_a_load_that_a_change_overtakes_is_not_kept(
    cache: DecisionLayer, inner: Gated, epoch: Epoch, captured: Captured
) -> None:
    async with load_under_way(cache, inner):
        epoch.move(some_epoch(2))  # the revoke, between the reading and the keeping
        inner.allowed = False
    assert fills(captured, cache, "stale_refused") == 1
    assert not (await cache.decide(ALICE)).allowed
    assert inner.asked == 2


async def test_who_knows_of_a_change_joins_no_load_from_before_it(
    cache: DecisionLayer, inner: Gated, epoch: Epoch
) -> None:
    async with load_under_way(cache, inner) as before:
        epoch.move(some_epoch(2))
        inner.allowed = False
        async with load_under_way(cache, inner) as after:
            pass
    assert ((await before).allowed, (await after).allowed) == (True, False)


async def test_what_another_epoch_left_is_refused_and_replaced(
    cache: DecisionLayer, inner: Gated, epoch: Epoch, captured: Captured
) -> None:
    inner.may_end.set()
    await cache.decide(ALICE)
    inner.allowed = False
    epoch.move(some_epoch(2))
    assert not (await cache.decide(ALICE)).allowed
    assert lookups(captured, cache, "stale_refused") == 1
    assert (await cache.decide(ALICE)).source == outermost(cache)
    assert inner.asked == 2


async def test_full_is_asked_of_the_record_alone_each_time(
    cache: DecisionLayer, inner: Gated, captured: Captured
) -> None:
    inner.may_end.set()
    await cache.decide(ALICE)
    inner.allowed = False
    assert not (await cache.decide(demanding(FULL))).allowed
    assert (await cache.decide(ALICE)).allowed  # and its answer is not kept either
    assert (inner.asked, lookups(captured, cache, "bypass")) == (2, 1)


async def test_full_joins_nobody(cache: DecisionLayer, inner: Gated) -> None:
    async with load_under_way(cache, inner), load_under_way(cache, inner, demanding(FULL)):
        inner.allowed = False
        async with load_under_way(cache, inner, demanding(FULL)) as last:
            pass
    assert not (await last).allowed
    assert inner.asked == 3


async def test_a_token_of_what_is_known_is_served_from_the_cache(
    cache: DecisionLayer, inner: Gated, epoch: Epoch
) -> None:
    inner.may_end.set()
    current = some_epoch(7)
    epoch.move(current)
    await cache.decide(ALICE)
    for floor in (current, some_epoch(6)):
        decision = await cache.decide(demanding(Consistency.at_least(floor)))
        assert decision.source == outermost(cache)
    assert inner.asked == 1


async def test_a_token_that_is_newer_goes_past_the_cache_and_joins_nobody(
    cache: DecisionLayer, inner: Gated, captured: Captured
) -> None:
    later = demanding(Consistency.at_least(some_epoch(9)))
    async with load_under_way(cache, inner):
        inner.allowed = False
        async with load_under_way(cache, inner, later) as told:
            pass
    assert not (await told).allowed
    assert lookups(captured, cache, "stale_refused") == 1
    assert (await cache.decide(ALICE)).allowed  # what was kept is of the epoch that is known
    assert inner.asked == 2


async def test_without_an_epoch_a_load_is_shared_but_not_for_long(
    cache: DecisionLayer, inner: Gated, clock: Clock, captured: Captured
) -> None:
    clock.now += TRUSTED_SECONDS + 0.1
    inner.may_end.set()
    await cache.decide(ALICE)
    await cache.decide(ALICE)
    assert (inner.asked, lookups(captured, cache, "bypass")) == (2, 2)
    inner.may_end.clear()
    inner.started = asyncio.Semaphore(0)
    async with load_under_way(cache, inner):
        joined = asyncio.create_task(cache.decide(ALICE))
        await asyncio.sleep(0)
        clock.now += 1.1
        inner.allowed = False
        async with load_under_way(cache, inner) as later:
            pass
    assert ((await joined).allowed, (await later).allowed) == (True, False)
    assert lookups(captured, cache, "bypass") == 5


async def test_without_an_epoch_a_demand_joins_nobody(
    cache: DecisionLayer, inner: Gated, clock: Clock
) -> None:
    clock.now += TRUSTED_SECONDS + 0.1
    floor = Consistency.at_least(some_epoch(0))
    async with load_under_way(cache, inner), load_under_way(cache, inner, demanding(floor)):
        pass
    assert inner.asked == 2


async def test_each_layer_has_a_span_that_says_what_was_found(
    cache: DecisionLayer, inner: Gated, epoch: Epoch, captured: Captured
) -> None:
    inner.may_end.set()
    for _ in range(2):
        await cache.decide(ALICE)
    epoch.move(some_epoch(2))
    await cache.decide(ALICE)
    await cache.decide(demanding(FULL))
    name = f"cache.{outermost(cache)}"
    results = [
        (span.attributes or {}).get("authorization.cache.result")
        for span in captured.spans()
        if span.name == name
    ]
    assert results == ["miss", "hit", "stale_refused", "bypass"]
