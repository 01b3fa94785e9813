"""Where log lines leave the process: a bounded queue and one thread that writes it out.

A line is handed over in a microsecond and never waits: where the reader of stdout is slow, blocked
or gone, the queue fills to its bound and further lines are dropped and counted by reason.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from telemetry.catalog.pipeline import LOG_LINES
from telemetry.metrics import Meter

_FLUSH_SECONDS: Final = 0.1
_FLUSH_BYTES: Final = 64 * 1024
_STDOUT: Final = 1


class LineSink(Protocol):
    """Takes finished log lines, each with its newline."""

    def put(self, line: bytes) -> None:
        """Take a line; never block, never raise."""


class LogWriter:
    """Writes lines to a file descriptor from a thread of its own."""

    def __init__(
        self,
        meter: Meter,
        *,
        capacity: int = 10_000,
        write: Callable[[bytes], int] | None = None,
    ) -> None:
        self._lines: deque[bytes] = deque()
        self._capacity = capacity
        self._write = write or (lambda data: os.write(_STDOUT, data))
        self._counter = meter.counter(LOG_LINES)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry-log", daemon=True)

    def start(self) -> None:
        """Start the writing thread."""
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Queue a line, or drop and count it where the queue is full."""
        if len(self._lines) >= self._capacity:
            self._counter.add(1, "queue_full")
            return
        self._lines.append(line)

    def stop(self, deadline_seconds: float) -> None:
        """Write what is queued, for at most `deadline_seconds`; what is left is dropped."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(deadline_seconds)
        left = len(self._lines)
        if left:
            self._counter.add(left, "queue_full")

    def _run(self) -> None:
        while not self._stopping.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        while self._lines:
            chunk: list[bytes] = []
            size = 0
            while self._lines and size < _FLUSH_BYTES:
                line = self._lines.popleft()
                chunk.append(line)
                size += len(line)
            self._write_all(b"".join(chunk), len(chunk))

    def _write_all(self, data: bytes, lines: int) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._write(bytes(view)) :]
        except BlockingIOError:
            # A non-blocking stdout: wait as a blocking one would, away from the event loop.
            time.sleep(_FLUSH_SECONDS)
            self._write_rest(bytes(view), lines)
        except OSError:
            self._counter.add(lines, "write_failed")
        else:
            self._counter.add(lines, "")

    def _write_rest(self, data: bytes, lines: int) -> None:
        if self._stopping.is_set():
            self._counter.add(lines, "write_failed")
        else:
            self._write_all(data, lines)
