"""What the switch does inside the web process: each order is obeyed by real work, none is feigned.

A thread takes the orders and holds the event loop, keeps memory and makes label values; requests
are slowed down or failed where they pass.
"""

import asyncio
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from compose.faults.switch import Order
from telemetry.catalog.declarations import Counter, Label
from telemetry.metrics import Meter

ENDLESS: Final = Counter(
    name="drill.events",
    unit="{event}",
    description="Events of a drill, by a label that has no end.",
    labels=(Label("drill.user"),),
    max_series=50,
)
_TICK_SECONDS: Final = 0.1
_REST_SECONDS: Final = 0.1
_LARGEST_ORDER: Final = 4_096
_PAGE: Final = 4_096


class DrillError(Exception):
    """What a route raises while it is told to fail."""


class Misbehaviour:
    """Takes orders at `path` and obeys them."""

    def __init__(self, path: Path, meter: Meter) -> None:
        self._path = path
        self._meter = meter
        self._order = Order()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._kept: list[bytearray] = []
        self._numbers = itertools.count()

    def round(self, app: ASGIApp) -> ASGIApp:
        """Return the application whose requests are slowed down or failed as ordered."""

        async def misbehaving(scope: Scope, receive: Receive, send: Send) -> None:
            order, path = self._order, scope.get("path")
            if order.slow_path and path == order.slow_path:
                await asyncio.sleep(order.slow_seconds)
            if order.failing_path and path == order.failing_path:
                await app(scope, receive, _failing_once(send))
            else:
                await app(scope, receive, send)

        return misbehaving

    @contextmanager
    def taking_orders(self) -> Iterator[None]:
        """Take orders while the block lasts; enter it on the event loop that is to be held."""
        self._loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as orders:
            orders.bind(str(self._path))
            orders.settimeout(_TICK_SECONDS)
            threads = [
                threading.Thread(target=self._take, args=(orders,), daemon=True),
                threading.Thread(target=self._hold, daemon=True),
            ]
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._stopping.set()
                for thread in threads:
                    thread.join()
        self._path.unlink(missing_ok=True)

    def _take(self, orders: socket.socket) -> None:
        real_time, real_ns = time.time, time.time_ns
        while not self._stopping.is_set():
            try:
                order = Order(**json.loads(orders.recv(_LARGEST_ORDER)))
            except TimeoutError:
                order = self._order
            if order.clock_seconds != self._order.clock_seconds:
                _set_clock(real_time, real_ns, order.clock_seconds)
            self._order = order
            self._leak(int(order.leak_bytes * _TICK_SECONDS))
            self._count(int(order.labels_a_second * _TICK_SECONDS))

    def _leak(self, size: int) -> None:
        if size:
            leaked = bytearray(size)
            leaked[::_PAGE] = b"\1" * len(range(0, size, _PAGE))  # a page is held once written to
            self._kept.append(leaked)
        elif self._kept:
            self._kept.clear()

    def _count(self, times: int) -> None:
        for _ in range(times):
            self._meter.counter(ENDLESS).add(1, f"user-{next(self._numbers)}")

    def _hold(self) -> None:
        while not self._stopping.wait(_REST_SECONDS):
            seconds = self._order.block_seconds
            if seconds and self._loop is not None:
                self._loop.call_soon_threadsafe(time.sleep, seconds)
                self._stopping.wait(seconds)


def _failing_once(send: Send) -> Send:
    """Return a `send` that fails as the answer begins; what then says so may pass."""
    failed = False

    async def failing(message: Message) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise DrillError
        await send(message)

    return failing


def _set_clock(real_time: object, real_ns: object, ahead: float) -> None:
    """Have all who ask `time` for the time of day get it `ahead` seconds too early."""
    if not ahead:
        time.time, time.time_ns = real_time, real_ns  # type: ignore[assignment]  # what was there
        return
    nanoseconds = int(ahead * 1e9)
    time.time = lambda: real_time() + ahead  # type: ignore[operator]  # the real clock
    time.time_ns = lambda: real_ns() + nanoseconds  # type: ignore[operator]  # the same
