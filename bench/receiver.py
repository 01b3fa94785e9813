"""The receiving side of one server, a process: `python -m bench.receiver <log file descriptor>`.

Takes OTLP/HTTP and counts spans; has `wc` count the lines of the server's log, which comes by the
pipe. First it prints the port it listens on; when the log ends, which is when the server has ended,
the counts. One thread, raw sockets and as little work as can be: it shares a core with the load,
and a server writes its log so often that reading it here would be seen in the latencies.
"""

import os
import re
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Final

import orjson

from bench.otlp_count import count_spans

_CHUNK: Final = 1 << 20
_ARENA_BYTES: Final = 256 << 20
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SO_RCVBUFFORCE: Final = 33
_BUFFER_BYTES: Final = 8 << 20
"""Room for a batch, as a collector's machine of its own has it: else the server would be woken for
each piece of it that is read here."""
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
)


class _Arena:
    """Batches where they were received, counted late: while the load runs, its core is the load's.

    The memory is touched beforehand, and written once: no page is faulted in under load, nothing
    copied.
    """

    def __init__(self) -> None:
        self.memory = bytearray(b"\1") * _ARENA_BYTES
        self.end = 0
        self._batches: list[tuple[int, int]] = []
        self._counted = 0

    def room(self) -> memoryview:
        """Return where the next bytes go."""
        return memoryview(self.memory)[self.end : self.end + _CHUNK]

    def take(self, start: int, end: int) -> None:
        self._batches.append((start, end))

    def count(self) -> int:
        with memoryview(self.memory) as memory:
            self._counted += sum(count_spans(memory[start:end]) for start, end in self._batches)
        self._batches.clear()
        return self._counted

    def is_full(self) -> bool:
        return self.end + _CHUNK > _ARENA_BYTES

    def start_again(self, unread: int) -> None:
        """Count what is here, and keep what is no whole batch yet."""
        self.count()
        left = self.memory[unread : self.end]
        self.memory[: len(left)] = left
        self.end = len(left)


class _Connection:
    """A client that exports: requests with a length, one after the other."""

    def __init__(self, connection: socket.socket, arena: _Arena) -> None:
        self.connection = connection
        self.arena = arena
        self._start = arena.end

    def read(self) -> bool:
        """Take what has come; return whether more may come."""
        arena = self.arena
        if arena.is_full():
            arena.start_again(self._start)
            self._start = 0
        with arena.room() as room:
            number = self.connection.recv_into(room)
        arena.end += number
        while (head := arena.memory.find(b"\r\n\r\n", self._start, arena.end)) >= 0:
            length = _LENGTH.search(arena.memory, self._start, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if arena.end < end:
                break
            arena.take(head + 4, end)
            self._start = end
            self.connection.sendall(_ANSWER)
        return bool(number)


def receive(log: int) -> Mapping[str, int]:
    """Serve until the log ends; return the counts."""
    arenas = [_Arena()]
    free = arenas.copy()
    with (
        selectors.DefaultSelector() as selector,
        socket.create_server(("127.0.0.1", 0)) as server,
        _line_counter(log) as lines,
    ):
        with suppress(PermissionError):
            server.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        selector.register(server, selectors.EVENT_READ)
        selector.register(lines, selectors.EVENT_READ)
        _say({"port": server.getsockname()[1]})
        while True:
            for key, _ in selector.select():
                if isinstance(key.data, _Connection):
                    if not key.data.read():
                        selector.unregister(key.fileobj)
                        key.data.connection.close()
                        free.append(key.data.arena)
                elif key.fileobj is server:
                    connection, _ = server.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    if not free:
                        free.append(_Arena())
                        arenas += free
                    found = _Connection(connection, free.pop())
                    selector.register(connection, selectors.EVENT_READ, found)
                else:
                    spans = sum(arena.count() for arena in arenas)
                    return {"spans": spans, "lines": int(lines.read())}


@contextmanager
def _line_counter(log: int) -> Iterator[IO[bytes]]:
    """Yield what can be read from when the log has ended: the number of its lines."""
    counted, write = os.pipe()
    with (
        os.fdopen(counted, "rb") as lines,
        subprocess.Popen(["wc", "-l"], stdin=log, stdout=write),  # noqa: S607  # coreutils' own
    ):
        os.close(write)
        yield lines


def _say(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _say(receive(int(sys.argv[1])))
