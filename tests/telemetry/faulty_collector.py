"""A collector on a real socket that is broken in one way; every fault is a function below."""

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Request(NamedTuple):
    headers: dict[str, str]
    body: bytes


class ClosedError(Exception):
    """The exporter went away, or the collector did."""


class FaultyCollector:
    """Serves connections until it is closed; `fault` says what becomes of each request."""

    def __init__(self, fault: "Fault") -> None:
        self.fault = fault
        self.connections = 0
        self.requests: list[Request] = []
        self.spans: list[str] = []
        self.asked = threading.Event()
        self.released = threading.Event()
        """What a held answer waits for."""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def take(self, request: Request) -> None:
        """Keep the spans of a request."""
        gzipped = request.headers.get("content-encoding") == "gzip"
        body = gzip.decompress(request.body) if gzipped else request.body
        self.spans += [
            span.name
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def close(self) -> None:
        self._closing = True
        self.released.set()
        for connection in (self._listening, *self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._closing:
                connection, _ = self._listening.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ClosedError), connection:
            while True:
                self.fault(self, connection)


Fault = Callable[[FaultyCollector, socket.socket], None]


def receive(collector: FaultyCollector, connection: socket.socket) -> Request:
    """Read one whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    collector.asked.set()
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    while len(body) < int(headers["content-length"]):
        body += _some(connection)
    request = Request(headers, body)
    collector.requests.append(request)
    return request


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ClosedError
    return data


def reading_slowly(collector: "FaultyCollector", connection: socket.socket) -> None:
    """Take a long time over a large request, and little over any part of it."""
    del collector
    while _some(connection):
        time.sleep(0.01)


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status} X", *headers, f"content-length: {len(body)}", "", "")
    return "\r\n".join(lines).encode() + body


def answers(*statuses: int, body: bytes = b"", headers: tuple[str, ...] = ()) -> Fault:
    """Answer with one status after the other, the last one for ever; 200 takes the spans."""
    left = list(statuses)

    def fault(collector: FaultyCollector, connection: socket.socket) -> None:
        request = receive(collector, connection)
        status = left.pop(0) if len(left) > 1 else left[0]
        if status == 200:
            collector.take(request)
        connection.sendall(answer(status, body, *headers))

    return fault


def healthy(collector: FaultyCollector, connection: socket.socket) -> None:
    collector.take(receive(collector, connection))
    connection.sendall(answer(200))


def held(collector: FaultyCollector, connection: socket.socket) -> None:
    """Answer well, once released: slow, or hanging where nobody does that."""
    request = receive(collector, connection)
    collector.released.wait()
    collector.take(request)
    connection.sendall(answer(200))


def deaf(collector: FaultyCollector, connection: socket.socket) -> None:
    """Accept and read nothing at all."""
    collector.asked.set()
    collector.released.wait()
    raise ClosedError


def reset_in_the_body(collector: FaultyCollector, connection: socket.socket) -> None:
    """Break the connection off after the first bytes."""
    connection.recv(64)
    collector.asked.set()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ClosedError


def closing_without_an_answer(collector: FaultyCollector, connection: socket.socket) -> None:
    receive(collector, connection)
    raise ClosedError


def closing_after_the_answer(collector: FaultyCollector, connection: socket.socket) -> None:
    collector.take(receive(collector, connection))
    connection.sendall(answer(200))
    raise ClosedError


def then_for_ever(head: bytes, part: bytes) -> Fault:
    """Send the head of an answer, then the same part until the exporter hangs up."""

    def fault(collector: FaultyCollector, connection: socket.socket) -> None:
        collector.take(receive(collector, connection))
        connection.sendall(head)
        while True:
            connection.sendall(part)

    return fault


ENDLESS_BODY = then_for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4096)
ENDLESS_CHUNKS = then_for_ever(
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"
)
HUGE_BODY = then_for_ever(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n", b"x" * 4096)
ENDLESS_HEADERS = then_for_ever(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n")
ENDLESS_STATUS_LINE = then_for_ever(b"HTTP/1.1 ", b"2" * 4096)
ENDLESS_CONTINUE = then_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
GARBAGE = then_for_ever(b"", b"\x00\xff\r\n\r\n")


@contextmanager
def collector(fault: Fault) -> Iterator[FaultyCollector]:
    serving = FaultyCollector(fault)
    try:
        yield serving
    finally:
        serving.close()
