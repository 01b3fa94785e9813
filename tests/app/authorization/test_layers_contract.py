"""What every layer owes its caller, shown on each of them and on all of them stacked."""

import asyncio
import itertools

import pytest

from app.authorization.epoch import TRUSTED_SECONDS, Epoch
from app.authorization.evaluator import GrantEvaluator
from app.authorization.l1 import LocalCache
from app.authorization.l2 import SharedCache
from app.authorization.model import AccessQuery, DecisionLayer
from app.authorization.register import GrantRegister
from app.authorization.store import RedisStore
from telemetry.testing import Captured
from tests.app.authorization.conftest import ALICE, Clock


@pytest.fixture(params=["database", "l2", "l1", "all"])
def layer(
    request: pytest.FixtureRequest,
    evaluator: GrantEvaluator,
    store: RedisStore,
    epoch: Epoch,
    captured: Captured,
) -> DecisionLayer:
    meter, tracing = captured.telemetry.meter, captured.telemetry.tracing
    layer: DecisionLayer = evaluator
    if request.param in {"l2", "all"}:
        layer = SharedCache(layer, store, epoch, meter, tracing)
    if request.param in {"l1", "all"}:
        layer = LocalCache(layer, epoch, meter, tracing)
    return layer


async def answers(layer: DecisionLayer, query: AccessQuery, times: int = 3) -> list[bool]:
    """The same question several times, so that a cache has its turn."""
    return [(await layer.decide(query)).allowed for _ in range(times)]


async def test_without_a_grant_the_answer_is_no_however_often_it_is_asked(
    layer: DecisionLayer,
) -> None:
    assert await answers(layer, ALICE) == [False] * 3


async def test_with_a_grant_the_answer_is_yes(
    layer: DecisionLayer, register: GrantRegister
) -> None:
    await register.grant(ALICE, "tests")
    assert await answers(layer, ALICE) == [True] * 3


async def test_a_change_is_seen_at_once_by_the_process_that_made_it(
    layer: DecisionLayer, register: GrantRegister
) -> None:
    for _ in range(2):
        assert await answers(layer, ALICE) == [False] * 3
        assert await register.grant(ALICE, "tests")
        assert await answers(layer, ALICE) == [True] * 3
        assert await register.revoke(ALICE, "tests")
    assert await answers(layer, ALICE) == [False] * 3


async def test_no_two_questions_share_an_answer(
    layer: DecisionLayer, register: GrantRegister
) -> None:
    await register.grant(AccessQuery("bob:vault", "doc", "read"), "tests")
    parts = ["bob", "vault", "doc", "read", "bob:vault", "vault:doc", "bob:vault:doc", "doc:read"]
    granted = {
        query
        for query in itertools.starmap(AccessQuery, itertools.product(parts, repeat=3))
        if any(await answers(layer, query, times=2))
    }
    assert granted == {AccessQuery("bob:vault", "doc", "read")}


ODD_NAMES = {
    "SQL": "'; DROP TABLE grants; --",
    "composed": "na\u00efve",
    "decomposed": "e\u0301",
    "right to left": "\u202eevil",
    "format": "%s",
    "astral": "\U0001f511" * 64,
    "longest": "x" * 256,
}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
async def test_odd_names_are_names(
    name: str, layer: DecisionLayer, register: GrantRegister
) -> None:
    await register.grant(AccessQuery(name, name, name), "tests")
    assert await answers(layer, AccessQuery(name, name, name)) == [True] * 3
    assert await answers(layer, AccessQuery(name, name, "other")) == [False] * 3


async def test_without_a_confirmed_epoch_nothing_remembered_is_told(
    layer: DecisionLayer, clock: Clock, register: GrantRegister, evaluator: GrantEvaluator
) -> None:
    await register.grant(ALICE, "tests")
    assert await answers(layer, ALICE) == [True] * 3
    clock.now += TRUSTED_SECONDS + 0.1
    async with evaluator._pool.acquire() as connection:  # another replica's revoke
        await connection.execute("DELETE FROM grants")
    assert await answers(layer, ALICE) == [False] * 3


async def test_many_at_once_get_the_same_answer(
    layer: DecisionLayer, register: GrantRegister
) -> None:
    await register.grant(ALICE, "tests")
    decisions = await asyncio.gather(*(layer.decide(ALICE) for _ in range(50)))
    assert {decision.allowed for decision in decisions} == {True}


async def test_cancelled_callers_leave_the_answers_right(
    layer: DecisionLayer, register: GrantRegister
) -> None:
    queries = [AccessQuery(f"user-{number}", "ledger", "read") for number in range(8)]
    for query in queries[::2]:
        await register.grant(query, "tests")
    for delay in (0, 0.0005, 0.001, 0.002, 0.004, 0.008):
        tasks = [asyncio.ensure_future(layer.decide(query)) for query in queries]
        await asyncio.sleep(delay)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        found = [(await layer.decide(query)).allowed for query in queries]
        assert found == [True, False] * 4
