"""The load: keep-alive connections on raw sockets, one thread, no pipelining.

Cheaper a request than any server it drives, so that the server's core is the one that is busy; the
comparison reads the server's CPU as well and would show it.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import Final

_PATIENCE_SECONDS: Final = 30.0
_OK: Final = b"HTTP/1.1 200 "


class LoadError(Exception):
    """The server answered wrongly, or not at all."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one stretch of load saw; `latencies` are seconds, one a request."""

    seconds: float
    latencies: list[float] = field(repr=False)

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return len(self.latencies)


class Client:
    """Connections to one server, each sending its own request over and over.

    Without `requests` all send the same: a GET of the path. `body` is how every answer ends.
    """

    def __init__(
        self,
        port: int,
        *,
        path: str,
        body: bytes,
        connections: int = 64,
        requests: Sequence[bytes] = (),
    ) -> None:
        self.answered = 0
        get = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._requests: dict[int, bytes] = {}
        self._body = body
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._partial: dict[int, bytes] = {}
        for _, request in zip(range(connections), cycle(requests or (get,)), strict=False):
            connection = socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)  # noqa: FBT003  # the socket module's own signature
            self._sockets[connection.fileno()] = connection
            self._requests[connection.fileno()] = request
            self._poll.register(connection, select.EPOLLIN)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._sockets.values():
            connection.close()
        self._poll.close()

    def saturate(self, seconds: float) -> Slice:
        """Keep every connection busy for the time; return when the last answer is here."""
        return self._closed_loop(time.perf_counter() + seconds, count())

    def answer(self, requests: int) -> Slice:
        """Keep every connection busy until so many requests are answered."""
        return self._closed_loop(float("inf"), iter(range(requests)))

    def _closed_loop(self, until: float, tickets: Iterator[int]) -> Slice:
        clock = time.perf_counter
        started = clock()
        sent = {}
        for descriptor, _ in zip(self._sockets, islice(tickets, len(self._sockets)), strict=False):
            sent[descriptor] = clock()
            self._send(descriptor)
        latencies: list[float] = []
        while sent:
            for descriptor in self._answers(_PATIENCE_SECONDS):
                now = clock()
                latencies.append(now - sent[descriptor])
                if now < until and next(tickets, None) is not None:
                    sent[descriptor] = now
                    self._send(descriptor)
                else:
                    del sent[descriptor]
        self.answered += len(latencies)
        return Slice(clock() - started, latencies)

    def pace(self, rate: float, seconds: float) -> Slice:
        """Send at even moments, `rate` a second, whatever the server does.

        A latency counts from that moment, so that a request that has to wait, here or for a free
        connection, is as late as its user would find it (no coordinated omission). `LoadError`
        where the server has stopped answering.
        """
        clock = time.perf_counter
        started = clock()
        gave_up = started + seconds + _PATIENCE_SECONDS
        moments = deque(started + number / rate for number in range(int(rate * seconds)))
        idle = deque(self._sockets)
        meant: dict[int, float] = {}
        latencies: list[float] = []
        while moments or meant:
            now = clock()
            while moments and idle and moments[0] <= now:
                descriptor = idle.popleft()
                meant[descriptor] = moments.popleft()
                self._send(descriptor)
            for descriptor in self._answers(0):
                latencies.append(clock() - meant.pop(descriptor))
                idle.append(descriptor)
            if now > gave_up:
                message = "the server did not answer a paced load"
                raise LoadError(message)
        self.answered += len(latencies)
        return Slice(clock() - started, latencies)

    def _send(self, descriptor: int) -> None:
        self._sockets[descriptor].send(self._requests[descriptor])

    def _answers(self, timeout: float) -> Iterator[int]:
        """Yield the connections whose answer is complete."""
        events = self._poll.poll(timeout)
        if timeout and not events:
            message = f"no answer for {timeout:.0f} s"
            raise LoadError(message)
        for descriptor, _ in events:
            data = self._partial.pop(descriptor, b"") + self._sockets[descriptor].recv(65536)
            if not data.startswith(_OK):
                message = f"not the expected answer: {data[:200]!r}"
                raise LoadError(message)
            if data.endswith(self._body):
                yield descriptor
            else:
                self._partial[descriptor] = data


@contextmanager
def connected(
    port: int,
    *,
    path: str,
    body: bytes,
    connections: int = 64,
    requests: Sequence[bytes] = (),
) -> Iterator[Client]:
    """Yield a client, closed at the end."""
    client = Client(port, path=path, body=body, connections=connections, requests=requests)
    try:
        yield client
    finally:
        client.close()
