"""The receiving side of one server, a process: `python -m bench.receiver <log file descriptor>`.

Takes OTLP/HTTP and counts spans; reads the server's log from the pipe and counts lines. First it
prints the port it listens on; when the log ends, which is when the server has ended, the counts.
One thread, raw sockets and as little work as can be: it shares a core with the load.
"""

import os
import re
import selectors
import socket
import sys
from collections.abc import Mapping
from typing import Final

import orjson

from bench.otlp_count import count_spans

_CHUNK: Final = 1 << 20
_KEPT_BYTES: Final = 256 << 20
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
)


class _Spans:
    """Batches, counted late: while the load runs, its core is the load's."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._counted = 0

    def take(self, batch: bytes) -> None:
        self._waiting.append(batch)
        self._waiting_bytes += len(batch)
        if self._waiting_bytes > _KEPT_BYTES:
            self.count()

    def count(self) -> int:
        self._counted += sum(count_spans(batch) for batch in self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        return self._counted


class _Connection:
    """A client that exports: requests with a length, one after the other."""

    def __init__(self, connection: socket.socket, spans: _Spans) -> None:
        self.connection = connection
        self._spans = spans
        self._data = bytearray()

    def read(self) -> bool:
        """Take what has come; return whether more may come."""
        chunk = self.connection.recv(_CHUNK)
        self._data += chunk
        while (head := self._data.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._data, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._data) < end:
                break
            self._spans.take(bytes(self._data[head + 4 : end]))
            del self._data[:end]
            self.connection.sendall(_ANSWER)
        return bool(chunk)


def receive(log: int) -> Mapping[str, int]:
    """Serve until the log ends; return the counts."""
    spans = _Spans()
    lines = 0
    with selectors.DefaultSelector() as selector, socket.create_server(("127.0.0.1", 0)) as server:
        selector.register(server, selectors.EVENT_READ)
        selector.register(log, selectors.EVENT_READ)
        _say({"port": server.getsockname()[1]})
        while True:
            for key, _ in selector.select():
                if isinstance(key.data, _Connection):
                    if not key.data.read():
                        selector.unregister(key.fileobj)
                        key.data.connection.close()
                elif key.fileobj is server:
                    connection, _ = server.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    found = _Connection(connection, spans)
                    selector.register(connection, selectors.EVENT_READ, found)
                elif chunk := os.read(log, _CHUNK):
                    lines += chunk.count(b"\n")
                else:
                    return {"spans": spans.count(), "lines": lines}


def _say(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _say(receive(int(sys.argv[1])))
