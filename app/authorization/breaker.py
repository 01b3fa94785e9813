"""A circuit breaker: after a few failures in a row a server is left alone, then tried by one call.

Closed, every call goes through. Open, none does, and nobody waits for a server that is known to be
away. Half-open, one call finds out; what it finds decides for all.
"""

import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final, TypeVar

from app import signals
from telemetry.metrics import Meter

FAILURES_TO_OPEN: Final = 3
OPEN_SECONDS: Final = 1.0

_Result = TypeVar("_Result")


class BreakerState(StrEnum):
    """The values of `app.signals.BREAKER_STATE`."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class BreakerOpenError(Exception):
    """The call was not made."""


class CircuitBreaker:
    """Guards the calls to one server; only errors of the kinds `failures` count against it."""

    def __init__(
        self,
        failures: tuple[type[Exception], ...],
        meter: Meter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._clock = clock
        self._gauge = meter.gauge(signals.CACHE_BREAKER)
        self._in_a_row = 0
        self._turn = 0  # counts changes of state: what began before the last one decides nothing
        self._enter(BreakerState.CLOSED)

    @property
    def state(self) -> BreakerState:
        """The state that calls meet."""
        return self._state

    async def call(self, action: Callable[[], Awaitable[_Result]]) -> _Result:
        """Await the action and return its result; `BreakerOpenError` where it is not made.

        Any other error is the action's own. A call that is cancelled decides nothing.
        """
        turn = self._admitted()
        try:
            result = await action()
        except self._failures:
            self._failed(turn)
            raise
        except Exception:
            self._answered(turn)  # a refusal is an answer: the server is there
            raise
        except BaseException:
            self._gave_up(turn)
            raise
        self._answered(turn)
        return result

    def _admitted(self) -> int:
        if self._state is BreakerState.OPEN and self._clock() >= self._until:
            self._enter(BreakerState.HALF_OPEN)
        elif self._state is not BreakerState.CLOSED:
            raise BreakerOpenError
        return self._turn

    def _answered(self, turn: int) -> None:
        if turn == self._turn:
            self._in_a_row = 0
            if self._state is not BreakerState.CLOSED:
                self._enter(BreakerState.CLOSED)

    def _failed(self, turn: int) -> None:
        if turn == self._turn:
            self._in_a_row += 1
            if self._in_a_row >= FAILURES_TO_OPEN or self._state is BreakerState.HALF_OPEN:
                self._enter(BreakerState.OPEN)
                self._until = self._clock() + OPEN_SECONDS

    def _gave_up(self, turn: int) -> None:
        if turn == self._turn and self._state is BreakerState.HALF_OPEN:
            self._enter(BreakerState.OPEN)
            self._until = self._clock()  # the next call finds out instead

    def _enter(self, state: BreakerState) -> None:
        self._state = state
        self._turn += 1
        for one in BreakerState:
            self._gauge.set(one is state, one.value)
