"""One load per key at a time: who asks for what is being loaded waits for that load.

A load is a task of its own, so that it belongs to nobody: whoever stops waiting, the one who began
it too, takes nothing from the others. Each waits on a future of their own, which is what
`asyncio.shield` does too, at several times the cost.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class _Flight(Generic[_Value]):
    """A load that is under way, and who waits for it."""

    __slots__ = ("began", "task", "waiting")

    def __init__(self, task: asyncio.Task[_Value], began: float) -> None:
        self.task = task  # the event loop itself may forget a task
        self.began = began
        self.waiting: list[asyncio.Future[_Value]] = []

    def tell(self) -> None:
        """Hand the outcome to all who still wait."""
        task, waiting = self.task, [one for one in self.waiting if not one.done()]
        if task.cancelled():
            for one in waiting:
                one.cancel()
        elif error := task.exception():
            for one in waiting:
                one.set_exception(error)
        else:
            for one in waiting:
                one.set_result(task.result())


class SingleFlight(Generic[_Key, _Value]):
    """The loads that are under way, by key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._flights: dict[_Key, _Flight[_Value]] = {}

    def is_under_way(self, key: _Key, longest_seconds: float | None = None) -> bool:
        """Tell whether the key is being loaded, and for no longer than `longest_seconds`."""
        return self._under_way(key, longest_seconds) is not None

    async def run(
        self,
        key: _Key,
        load: Callable[[], Coroutine[Any, Any, _Value]],
        longest_seconds: float | None = None,
    ) -> _Value:
        """Return what the load under way for the key returns, or raise what it raises.

        Where there is none, or only one that has taken longer than `longest_seconds`, `load`
        begins. Until the first `await` nothing comes between this and `is_under_way`.
        """
        flight = self._under_way(key, longest_seconds) or self._begin(key, load)
        outcome: asyncio.Future[_Value] = asyncio.get_running_loop().create_future()
        flight.waiting.append(outcome)
        return await outcome

    def _under_way(self, key: _Key, longest_seconds: float | None) -> _Flight[_Value] | None:
        flight = self._flights.get(key)
        if flight is None or longest_seconds is None:
            return flight
        return flight if self._clock() - flight.began <= longest_seconds else None

    def _begin(self, key: _Key, load: Callable[[], Coroutine[Any, Any, _Value]]) -> _Flight[_Value]:
        task = asyncio.get_running_loop().create_task(load(), name="cache-load")
        flight = _Flight(task, self._clock())
        self._flights[key] = flight

        def landed(_: asyncio.Task[_Value]) -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]
            flight.tell()

        task.add_done_callback(landed)
        return flight
