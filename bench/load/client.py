"""The open-loop load: every request has its moment, whatever became of those before it.

A latency counts from the moment that was meant, so a request that waits, here or for a free
connection, is as late as its user would find it (no coordinated omission). One thread, raw
keep-alive connections, no pipelining. Unlike `bench.client` it takes any answer, and keeps count.
"""

import gc
import select
import socket
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from bench.client import LoadError
from bench.load.answers import answer_of
from bench.load.mix import Ask

CONNECTIONS: Final = 64
_PATIENCE_SECONDS: Final = 60.0
_LONGEST_WAIT: Final = 0.05

Route = tuple[str, str]
"""Method and route."""
Counted = tuple[str, str, int]
"""Method, route, status."""


@dataclass(slots=True)
class Tally:
    """What became of requests. Latencies are seconds from the moment that was meant.

    `counts` are the service's answers; `proxied` were made up by a proxy; `broken` got none. `late`
    is how long after its moment each was sent though a connection was free: the load's own fault.
    """

    seconds: float = 0.0
    by_route: dict[Route, list[float]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )
    late: list[float] = field(default_factory=list, repr=False)
    counts: Counter[Counted] = field(default_factory=Counter)
    proxied: int = 0
    broken: int = 0

    @property
    def latencies(self) -> list[float]:
        """Those of all routes."""
        return list(chain.from_iterable(self.by_route.values()))

    @property
    def answered(self) -> int:
        """How many the service answered."""
        return self.counts.total()

    @property
    def failed(self) -> int:
        """How many of them with a status from 500 up."""
        return sum(times for (_, _, status), times in self.counts.items() if status >= 500)  # noqa: PLR2004  # HTTP's own line


class Connections:
    """The connections of one stretch of load, to one port of this machine."""

    def __init__(self, port: int, tally: Tally) -> None:
        self._port = port
        self._tally = tally
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._partial: dict[int, bytes] = {}
        self.waiting: dict[int, tuple[float, Ask]] = {}
        self.idle: deque[tuple[float, int]] = deque()
        for _ in range(CONNECTIONS):
            self._open()

    def close(self) -> None:
        """Close every connection."""
        for connection in self._sockets.values():
            connection.close()
        self._poll.close()

    def send(self, moment: float, ask: Ask) -> None:
        """Send on a free connection what was meant for the moment."""
        free_since, descriptor = self.idle.popleft()
        self._tally.late.append(time.perf_counter() - max(moment, free_since))
        self.waiting[descriptor] = (moment, ask)
        try:
            self._sockets[descriptor].send(ask.data)
        except OSError:
            self._lose(descriptor)

    def receive(self, seconds: float) -> None:
        """Take what has come, or comes within the time."""
        # Exact to microseconds, where epoll's own timeout is one of whole milliseconds.
        select.select([self._poll], [], [], max(seconds, 0.0))
        for descriptor, _ in self._poll.poll(0):
            try:
                data = self._sockets[descriptor].recv(262_144)
            except OSError:
                data = b""
            if data:
                self._take(descriptor, self._partial.pop(descriptor, b"") + data)
            else:
                self._lose(descriptor)

    def _take(self, descriptor: int, data: bytes) -> None:
        answer = answer_of(data)
        if answer is None:
            self._partial[descriptor] = data
            return
        now = time.perf_counter()
        moment, ask = self.waiting.pop(descriptor)
        if answer.is_service:
            self._tally.by_route[ask.method, ask.route].append(now - moment)
            self._tally.counts[ask.method, ask.route, answer.status] += 1
        else:
            self._tally.proxied += 1
        if answer.closes:
            self._reopen(descriptor)
        else:
            self.idle.append((now, descriptor))

    def _lose(self, descriptor: int) -> None:
        if self.waiting.pop(descriptor, None) is None:
            self.idle = deque(each for each in self.idle if each[1] != descriptor)
        else:
            self._tally.broken += 1
        self._reopen(descriptor)

    def _reopen(self, descriptor: int) -> None:
        self._partial.pop(descriptor, None)
        self._poll.unregister(descriptor)
        self._sockets.pop(descriptor).close()
        self._open()

    def _open(self) -> None:
        connection = socket.create_connection(("127.0.0.1", self._port), _PATIENCE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)  # noqa: FBT003  # the socket module's own signature
        self._sockets[connection.fileno()] = connection
        self._poll.register(connection, select.EPOLLIN)
        self.idle.append((time.perf_counter(), connection.fileno()))


def pace(port: int, schedule: Sequence[tuple[float, Ask]]) -> Tally:
    """Send each request at its moment, seconds from now; return when the last is answered."""
    planned = deque(schedule)
    with _connected(port) as (tally, connections):
        clock = time.perf_counter
        started = clock()
        gave_up = started + (planned[-1][0] if planned else 0.0) + _PATIENCE_SECONDS
        while planned or connections.waiting:
            while planned and connections.idle and started + planned[0][0] <= clock():
                moment, ask = planned.popleft()
                connections.send(started + moment, ask)
            pause = _LONGEST_WAIT
            if planned and connections.idle:
                pause = min(pause, started + planned[0][0] - clock())
            connections.receive(pause)
            _give_up_after(gave_up)
        tally.seconds = clock() - started
    return tally


def saturate(port: int, seconds: float, draw: Callable[[], Sequence[Ask]]) -> Tally:
    """Keep every connection busy for the time: what the service answers at most."""
    with _connected(port) as (tally, connections):
        clock = time.perf_counter
        started = clock()
        asks: deque[Ask] = deque()
        while connections.waiting or clock() < started + seconds:
            while connections.idle and clock() < started + seconds:
                if not asks:
                    asks.extend(draw())
                connections.send(clock(), asks.popleft())
            connections.receive(_LONGEST_WAIT)
            _give_up_after(started + seconds + _PATIENCE_SECONDS)
        tally.seconds = clock() - started
    return tally


@contextmanager
def _connected(port: int) -> Iterator[tuple[Tally, Connections]]:
    tally = Tally()
    connections = Connections(port, tally)
    gc.disable()  # the load's own pauses would be its server's latency
    try:
        yield tally, connections
    finally:
        gc.enable()
        connections.close()


def _give_up_after(moment: float) -> None:
    if time.perf_counter() > moment:
        message = "the service did not answer all of a load"
        raise LoadError(message)
