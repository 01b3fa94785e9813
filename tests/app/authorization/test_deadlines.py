"""Each block gets its time, and only whoever is out of it gets the TimeoutError."""

import asyncio

import pytest

from app.authorization.deadlines import Deadlines
from tests.app.authorization.conftest import Clock

SECONDS = 2.0


@pytest.fixture
async def time(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The event loop's time, which passes when told to."""
    monkeypatch.setattr(asyncio.get_running_loop(), "time", clock)
    return clock


async def wait_under(deadlines: Deadlines, event: asyncio.Event) -> None:
    with deadlines.begin():
        await event.wait()


async def pass_time(clock: Clock, seconds: float = 0.0) -> None:
    clock.now += seconds
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_takes_too_long_ends_and_its_task_goes_on(time: Clock) -> None:
    deadlines = Deadlines(SECONDS)

    async def tries() -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await wait_under(deadlines, asyncio.Event())
        task = asyncio.current_task()
        assert task is not None
        assert not task.cancelling()

    trying = asyncio.create_task(tries())
    await pass_time(time)
    for _ in range(3):
        await pass_time(time, SECONDS / 2)
        assert not trying.done()
        await pass_time(time, SECONDS / 2)
    await trying


async def test_each_has_its_own_time(time: Clock) -> None:
    deadlines, waiting = Deadlines(SECONDS), []
    for _ in range(4):
        waiting.append(asyncio.create_task(wait_under(deadlines, asyncio.Event())))
        await pass_time(time)
        await pass_time(time, SECONDS / 4)
    assert [task.done() for task in waiting] == [True, False, False, False]
    await pass_time(time, SECONDS / 2)
    assert [task.done() for task in waiting] == [True, True, True, False]
    await pass_time(time, SECONDS / 4)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [TimeoutError] * 4


async def test_what_was_quick_enough_is_left_alone(time: Clock) -> None:
    deadlines, may_end = Deadlines(SECONDS), asyncio.Event()
    quick, slow = (
        asyncio.create_task(wait_under(deadlines, event)) for event in (may_end, asyncio.Event())
    )
    await pass_time(time)
    may_end.set()
    await quick
    await pass_time(time, SECONDS)
    assert isinstance(slow.exception(), TimeoutError)


async def test_a_cancellation_by_others_stays_one(time: Clock) -> None:
    deadlines = Deadlines(SECONDS)
    task = asyncio.create_task(wait_under(deadlines, asyncio.Event()))
    await pass_time(time)
    task.cancel()
    await pass_time(time)
    assert task.cancelled()


async def test_who_is_cancelled_and_out_of_time_at_once_is_cancelled(time: Clock) -> None:
    deadlines = Deadlines(SECONDS)
    task = asyncio.create_task(wait_under(deadlines, asyncio.Event()))
    await pass_time(time)
    asyncio.get_running_loop().call_at(time.now + SECONDS, task.cancel)
    await pass_time(time, SECONDS)
    assert task.cancelled()


async def test_an_error_of_the_block_is_not_hidden() -> None:
    with pytest.raises(LookupError), Deadlines(SECONDS).begin():
        raise LookupError


async def test_nothing_is_left_of_what_has_ended(time: Clock) -> None:
    deadlines = Deadlines(SECONDS)
    for _ in range(100):
        with deadlines.begin():
            pass
    await pass_time(time, SECONDS)
    assert not deadlines._queue
    assert deadlines._timer is None


async def test_it_takes_a_task() -> None:
    refused = asyncio.get_running_loop().create_future()

    def outside_a_task() -> None:
        with pytest.raises(RuntimeError):
            Deadlines(SECONDS).begin()
        refused.set_result(None)

    asyncio.get_running_loop().call_soon(outside_a_task)
    await refused
