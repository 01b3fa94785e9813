"""One load per key at a time, whoever stops waiting for it."""

import asyncio
import gc

import pytest

from app.authorization.coalescing import SingleFlight
from tests.app.authorization.conftest import Clock


class Loader:
    """A load that ends when it may, and counts how often it began."""

    def __init__(self) -> None:
        self.began = 0
        self.started = asyncio.Event()
        self.may_end = asyncio.Event()

    async def load(self) -> str:
        self.began += 1
        self.started.set()
        await self.may_end.wait()
        return f"load {self.began}"


async def all_leave(asking: list[asyncio.Task[str]]) -> None:
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_who_asks_meanwhile_waits_for_the_same_load() -> None:
    flights, loader = SingleFlight[str, str](), Loader()
    asking = [asyncio.create_task(flights.run("key", loader.load)) for _ in range(100)]
    await loader.started.wait()
    assert flights.is_under_way("key")
    assert not flights.is_under_way("another key")
    loader.may_end.set()
    assert set(await asyncio.gather(*asking)) == {"load 1"}
    assert not flights.is_under_way("key")
    assert await flights.run("key", loader.load) == "load 2"


async def test_keys_do_not_wait_for_each_other() -> None:
    flights, slow, quick = SingleFlight[str, str](), Loader(), Loader()
    quick.may_end.set()
    waiting = asyncio.create_task(flights.run("slow", slow.load))
    await slow.started.wait()
    assert await flights.run("quick", quick.load) == "load 1"
    slow.may_end.set()
    await waiting


@pytest.mark.parametrize("who", [0, 1, 2])
async def test_whoever_is_cancelled_takes_nothing_from_the_others(who: int) -> None:
    flights, loader = SingleFlight[str, str](), Loader()
    asking = [asyncio.create_task(flights.run("key", loader.load)) for _ in range(3)]
    await loader.started.wait()
    asking[who].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking[who]
    late = asyncio.create_task(flights.run("key", loader.load))
    await asyncio.sleep(0)
    loader.may_end.set()
    others = [task for task in asking if task is not asking[who]]
    assert await asyncio.gather(*others, late) == ["load 1"] * 3
    assert loader.began == 1


async def test_a_load_that_all_have_left_ends_by_itself() -> None:
    flights, loader = SingleFlight[str, str](), Loader()
    alone = asyncio.create_task(flights.run("key", loader.load))
    await loader.started.wait()
    alone.cancel()
    await asyncio.gather(alone, return_exceptions=True)
    assert flights.is_under_way("key")
    loader.may_end.set()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not flights.is_under_way("key")


@pytest.mark.parametrize("waits", [True, False])
async def test_a_failure_is_for_those_who_wait_and_for_nobody_after(
    waits: bool,  # noqa: FBT001  # a parameter of the test
    caplog: pytest.LogCaptureFixture,
) -> None:
    flights = SingleFlight[str, str]()
    started, may_fail = asyncio.Event(), asyncio.Event()

    async def fails() -> str:
        started.set()
        await may_fail.wait()
        raise LookupError

    async def works() -> str:
        return "loaded"

    asking = [asyncio.create_task(flights.run("key", fails)) for _ in range(3)]
    await started.wait()
    if not waits:
        await all_leave(asking)
    may_fail.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    expected = LookupError if waits else asyncio.CancelledError
    assert {type(outcome) for outcome in outcomes} == {expected}
    for _ in range(3):
        await asyncio.sleep(0)
    assert await flights.run("key", works) == "loaded"
    del asking, outcomes
    gc.collect()
    assert caplog.messages == []  # asyncio complains of failures that nobody looked at


async def test_a_load_that_is_too_old_is_not_joined_and_does_not_end_the_next() -> None:
    clock = Clock()
    flights, old, new = SingleFlight[str, str](clock), Loader(), Loader()
    first = asyncio.create_task(flights.run("key", old.load, 1.0))
    await old.started.wait()
    clock.now += 1.0
    assert flights.is_under_way("key", 1.0)
    clock.now += 0.1
    assert not flights.is_under_way("key", 1.0)
    second = asyncio.create_task(flights.run("key", new.load, 1.0))
    await new.started.wait()
    old.may_end.set()
    await first
    assert flights.is_under_way("key", 1.0)
    third = asyncio.create_task(flights.run("key", new.load, 1.0))
    await asyncio.sleep(0)
    new.may_end.set()
    await asyncio.gather(second, third)
    assert (old.began, new.began) == (1, 1)
