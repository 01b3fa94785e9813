"""One load per key at a time: who asks for what is being loaded waits for that load.

A load is a task of its own, so that it belongs to nobody: whoever stops waiting, the one who began
it too, takes nothing from the others.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Flight(Generic[_Value]):
    task: asyncio.Task[_Value]
    began: float


class SingleFlight(Generic[_Key, _Value]):
    """The loads that are under way, by key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._flights: dict[_Key, _Flight[_Value]] = {}

    def is_under_way(self, key: _Key, longest_seconds: float | None = None) -> bool:
        """Tell whether the key is being loaded, and for no longer than `longest_seconds`."""
        flight = self._flights.get(key)
        if flight is None:
            return False
        return longest_seconds is None or self._clock() - flight.began <= longest_seconds

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
        if self.is_under_way(key, longest_seconds):
            flight = self._flights[key]
        else:
            flight = self._begin(key, load)
        return await asyncio.shield(flight.task)

    def _begin(self, key: _Key, load: Callable[[], Coroutine[Any, Any, _Value]]) -> _Flight[_Value]:
        flight = _Flight(asyncio.create_task(load(), name="cache-load"), self._clock())
        self._flights[key] = flight

        def landed(task: asyncio.Task[_Value]) -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if not task.cancelled():
                task.exception()  # known to all who wait: asyncio need not report it too

        flight.task.add_done_callback(landed)
        return flight
