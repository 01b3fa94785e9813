"""The circuit breaker: when it opens, what it lets through, and what closes it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app import signals
from app.authorization.breaker import (
    FAILURES_TO_OPEN,
    OPEN_SECONDS,
    BreakerOpenError,
    BreakerState,
    CircuitBreaker,
)
from telemetry.testing import Captured
from tests.app.authorization.conftest import Clock


class Server:
    """What is called: it works, fails, refuses, or waits until it may answer."""

    def __init__(self) -> None:
        self.calls = 0
        self.may_answer = asyncio.Event()

    async def works(self) -> str:
        self.calls += 1
        return "answer"

    async def fails(self) -> str:
        self.calls += 1
        raise ConnectionError

    async def refuses(self) -> str:
        self.calls += 1
        raise LookupError

    async def waits(self) -> str:
        self.calls += 1
        await self.may_answer.wait()
        return "answer"

    async def waits_and_fails(self) -> str:
        await self.waits()
        raise ConnectionError


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def breaker(captured: Captured, clock: Clock) -> CircuitBreaker:
    return CircuitBreaker((ConnectionError,), captured.telemetry.meter, clock)


async def called(
    breaker: CircuitBreaker, action: Callable[[], Awaitable[str]], times: int = 1
) -> list[type[BaseException] | str]:
    async def one() -> type[BaseException] | str:
        try:
            return await breaker.call(action)
        except (ConnectionError, LookupError, BreakerOpenError) as error:
            return type(error)

    return [await one() for _ in range(times)]


def shown(captured: Captured) -> set[str]:
    return {
        state
        for state in BreakerState
        if captured.sample(signals.CACHE_BREAKER, {"authorization.cache.breaker.state": state}) == 1
    }


async def test_it_opens_after_failures_in_a_row_and_then_calls_nobody(
    breaker: CircuitBreaker, server: Server, captured: Captured
) -> None:
    assert shown(captured) == {"closed"}
    assert await called(breaker, server.fails, 5) == [ConnectionError] * 3 + [BreakerOpenError] * 2
    assert server.calls == FAILURES_TO_OPEN == 3
    assert shown(captured) == {"open"}


async def test_a_success_between_failures_keeps_it_closed(
    breaker: CircuitBreaker, server: Server
) -> None:
    for _ in range(5):
        await called(breaker, server.fails, FAILURES_TO_OPEN - 1)
        assert await called(breaker, server.works) == ["answer"]


async def test_a_refusal_is_an_answer(breaker: CircuitBreaker, server: Server) -> None:
    await called(breaker, server.fails, FAILURES_TO_OPEN - 1)
    assert await called(breaker, server.refuses, 5) == [LookupError] * 5
    assert breaker.state is BreakerState.CLOSED
    await called(breaker, server.fails, FAILURES_TO_OPEN - 1)
    assert breaker.state is BreakerState.CLOSED


async def test_when_half_open_one_call_finds_out_for_all(
    breaker: CircuitBreaker, server: Server, clock: Clock, captured: Captured
) -> None:
    await called(breaker, server.fails, FAILURES_TO_OPEN)
    clock.now += OPEN_SECONDS - 0.1
    assert await called(breaker, server.works) == [BreakerOpenError]
    clock.now += 0.1
    probe = asyncio.create_task(breaker.call(server.waits))
    await asyncio.sleep(0)
    assert shown(captured) == {"half_open"}
    assert await called(breaker, server.works, 3) == [BreakerOpenError] * 3
    server.may_answer.set()
    assert await probe == "answer"
    assert shown(captured) == {"closed"}
    assert await called(breaker, server.works) == ["answer"]


async def test_a_failed_probe_opens_it_again(
    breaker: CircuitBreaker, server: Server, clock: Clock
) -> None:
    await called(breaker, server.fails, FAILURES_TO_OPEN)
    for _ in range(3):
        clock.now += OPEN_SECONDS
        assert await called(breaker, server.fails, 2) == [ConnectionError, BreakerOpenError]
    assert server.calls == FAILURES_TO_OPEN + 3


async def test_a_probe_that_is_cancelled_leaves_the_finding_out_to_the_next(
    breaker: CircuitBreaker, server: Server, clock: Clock
) -> None:
    await called(breaker, server.fails, FAILURES_TO_OPEN)
    clock.now += OPEN_SECONDS
    probe = asyncio.create_task(breaker.call(server.waits))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert await called(breaker, server.works) == ["answer"]
    assert breaker.state is BreakerState.CLOSED


async def test_what_began_before_it_opened_decides_nothing(
    breaker: CircuitBreaker, server: Server, clock: Clock
) -> None:
    late = asyncio.create_task(breaker.call(server.waits))
    later = asyncio.create_task(breaker.call(server.waits_and_fails))
    await asyncio.sleep(0)
    await called(breaker, server.fails, FAILURES_TO_OPEN)
    clock.now += OPEN_SECONDS
    server.may_answer.set()
    await late
    assert breaker.state is BreakerState.OPEN
    assert await called(breaker, server.works) == ["answer"]
    await asyncio.gather(later, return_exceptions=True)
    assert await called(breaker, server.fails, 2) == [ConnectionError] * 2  # none is counted yet
    assert await called(breaker, server.works) == ["answer"]
