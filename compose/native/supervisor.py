"""Starts parts in the order of their needs, side by side where it can, and stops them in reverse.

It holds plain `Popen` objects and no task of its own between calls: a platform that was started
on one event loop can be used from another.
"""

import asyncio
import graphlib
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from compose.native.child import Child
from compose.native.errors import PartFailedError, RunError
from compose.native.guard import Guard
from compose.native.part import Part
from compose.native.progress import Progress

_POLL_SECONDS: Final = 0.04


class Supervisor:
    """The parts of one run. Every process is registered with the guard as soon as it runs."""

    def __init__(
        self, parts: Sequence[Part], *, logs: Path, guard: Guard, progress: Progress
    ) -> None:
        self._parts = {part.name: part for part in parts}
        self._order = tuple(
            graphlib.TopologicalSorter({part.name: part.needs for part in parts}).static_order()
        )
        self._logs = logs
        self._guard = guard
        self._progress = progress
        self._children: dict[str, Child] = {}
        self.start_seconds: dict[str, float] = {}
        """From its process's start to ready, by part."""

    def log_path(self, name: str) -> Path:
        """Return where a part's output goes."""
        return self._logs / f"{self._part(name).name}.log"

    def pid(self, name: str) -> int:
        """Return a running part's process; raise `RunError` if it does not run."""
        self._part(name)
        if name not in self._children:
            message = f"{name} is not running"
            raise RunError(message)
        return self._children[name].identity.pid

    def running(self) -> dict[str, int]:
        """Return the process of every part that was started and not stopped, by part."""
        return {name: child.identity.pid for name, child in list(self._children.items())}

    async def start(self) -> None:
        """Start every part; the first that fails is raised, once all other starts are given up."""
        ready = {name: asyncio.Event() for name in self._parts}

        async def start_after_needs(part: Part) -> None:
            for need in part.needs:
                await ready[need].wait()
            await self.start_part(part.name)
            ready[part.name].set()

        with _first_error():
            async with asyncio.TaskGroup() as starts:
                for name in self._order:
                    starts.create_task(start_after_needs(self._parts[name]))
        self.check()

    async def start_part(self, name: str) -> None:
        """Start one part and wait until it is ready; `PartFailedError` if it is not in time."""
        part = self._part(name)
        if name in self._children:
            message = f"{name} is running already"
            raise RunError(message)
        self._progress.begin(name)
        began = time.monotonic()
        child = Child.spawn(part, self.log_path(name), self._guard)
        self._children[name] = child
        try:
            async with asyncio.timeout(part.start_seconds):
                await self._until_ready(part, child)
        except TimeoutError:
            headline = f"{name} was not ready within {part.start_seconds:.0f} s"
            raise PartFailedError(child.story(headline)) from None
        if part.ends_by_itself:
            del self._children[name]
        self.start_seconds[name] = time.monotonic() - began
        self._progress.end(name, f"ready after {self.start_seconds[name]:.1f} s")

    async def stop(self) -> None:
        """Stop every part, each after those that need it; never raises for a part."""
        stopped = {name: asyncio.Event() for name in self._parts}

        async def stop_after_dependants(part: Part) -> None:
            for other in self._parts.values():
                if part.name in other.needs:
                    await stopped[other.name].wait()
            if part.name in self._children:
                await self.stop_part(part.name)
            stopped[part.name].set()

        async with asyncio.TaskGroup() as stops:
            for part in self._parts.values():
                stops.create_task(stop_after_dependants(part))

    async def stop_part(self, name: str, number: signal.Signals | None = None) -> None:
        """Stop one part by its own signal, or `number`; killed when its time is over."""
        child = self._children.pop(name, None)
        if child is None:
            message = f"{self._part(name).name} is not running"
            raise RunError(message)
        await asyncio.to_thread(child.end, number or child.part.stop)

    def check(self) -> None:
        """Raise `PartFailedError` for a part that ended by itself."""
        for name, child in self._children.items():
            status = child.status()
            if status is not None and not child.part.ends_by_itself:
                raise PartFailedError(child.story(f"{name} ended by itself ({status})"))

    async def _until_ready(self, part: Part, child: Child) -> None:
        while True:
            status = child.status()
            if status is not None:
                if part.ends_by_itself and child.succeeded():
                    return
                what = "failed" if part.ends_by_itself else "ended before it was ready"
                raise PartFailedError(child.story(f"{part.name} {what} ({status})"))
            if part.ready is not None and await part.ready():
                return
            await asyncio.sleep(_POLL_SECONDS)

    def _part(self, name: str) -> Part:
        if name not in self._parts:
            message = f"there is no part {name!r}: use one of {', '.join(self._order)}"
            raise RunError(message)
        return self._parts[name]


@contextmanager
def _first_error() -> Iterator[None]:
    """Raise a group's first `RunError` by itself: one line is wanted, not a tree."""
    try:
        yield
    except* RunError as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
