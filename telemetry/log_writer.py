"""Where log lines leave the process: a bounded queue and one thread that writes it out.

A line is handed over in a microsecond and never waits: where the reader of stdout is slow, blocked
or gone, the queue fills to its bounds and further lines are dropped and counted by reason. So are
those that the stop has no time for, and those that come after it.
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from telemetry.bounds import LOG_LINE, Bounds
from telemetry.catalog.pipeline import (
    LINE_AFTER_STOP,
    LINE_LOSSES,
    LINE_NOT_WRITTEN,
    LINE_QUEUE_FULL,
    LOG_LINES,
    LOG_QUEUE_CAPACITY,
    LOG_QUEUE_HELD,
    LOG_QUEUE_LIMIT,
    LOG_QUEUE_SIZE,
)
from telemetry.giving_way import begin, give_way
from telemetry.log_line import MAX_LINE_BYTES, shortened
from telemetry.metrics import Meter

_FLUSH_SECONDS: Final = 0.1
_STDOUT: Final = 1
_PIECE_LINES: Final = 128
_MOST_BYTES: Final = 512 * 1024
"""About as much is written at once, however few lines that is."""


class LineSink(Protocol):
    """Takes finished log lines, each with its newline."""

    def put(self, *lines: bytes) -> None:
        """Take lines; never block, never raise."""


class LogWriter:
    """Writes lines to a file descriptor from a thread of its own.

    `capacity` is in lines, `capacity_bytes` in bytes; what comes first is the bound.
    """

    def __init__(
        self,
        meter: Meter,
        *,
        capacity: int = 10_000,
        capacity_bytes: int = 16 * 1024 * 1024,
        write: Callable[[bytes], int] | None = None,
    ) -> None:
        self._lines: list[bytes] = []
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._held = 0
        self._lock = threading.RLock()  # a finaliser may log while its own thread is in `put`
        self._write = write or (lambda data: os.write(_STDOUT, data))
        self._counter = meter.counter(LOG_LINES)
        for reason in ("", *LINE_LOSSES):
            self._counter.add(0, reason)  # born at 0, or a first loss would be no increase
        self._bounds = Bounds(meter)
        meter.gauge(LOG_QUEUE_CAPACITY).set(capacity)
        meter.gauge(LOG_QUEUE_SIZE).set_function(lambda: len(self._lines))
        meter.gauge(LOG_QUEUE_LIMIT).set(capacity_bytes)
        meter.gauge(LOG_QUEUE_HELD).set_function(lambda: self._held)
        self._in_hand = 0
        self._line_is_open = False
        self._abandoned = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry-log", daemon=True)

    def start(self) -> None:
        """Start the writing thread."""
        self._thread.start()

    def put(self, *lines: bytes) -> None:
        """Queue lines, shortened where too long; those without room are dropped and counted."""
        size = sum(map(len, lines))
        if size <= MAX_LINE_BYTES and self._take(lines, size):  # none can be too long
            return
        for line in lines:
            self._put_one(line)

    def _put_one(self, line: bytes) -> None:
        if len(line) > MAX_LINE_BYTES:
            self._bounds.cut(LOG_LINE)
            line = shortened(line)
        if not self._take((line,), len(line)):
            self._counter.add(1, LINE_AFTER_STOP if self._abandoned else LINE_QUEUE_FULL)

    def _take(self, lines: Sequence[bytes], size: int) -> bool:
        """Queue all of the lines, or none of them."""
        with self._lock:
            held = self._held + size
            has_room = (
                held <= self._capacity_bytes
                and len(self._lines) + len(lines) <= self._capacity
                and not self._abandoned
            )
            if has_room:
                self._held = held
                self._lines.extend(lines)
            return has_room

    def stop(self, deadline_seconds: float) -> None:
        """Write what is queued, for at most `deadline_seconds`; what is left is dropped."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(deadline_seconds)
        if self._abandoned:
            return
        self._abandoned = True
        left = len(self._lines) + self._in_hand
        if left:
            self._counter.add(left, LINE_AFTER_STOP)

    def _run(self) -> None:
        begin(self._is_behind)
        while not self._stopping.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _is_behind(self) -> bool:
        return len(self._lines) >= self._capacity // 4 or self._held >= self._capacity_bytes // 4

    def _flush(self) -> None:
        pieces = 1
        while self._lines and not self._abandoned:
            waiting = len(self._lines)
            most = max(1, waiting * _MOST_BYTES // max(1, self._held))
            # By the slice: a request waits for what Python does.
            chunk = self._lines[: min(pieces * _PIECE_LINES, most)]
            del self._lines[: len(chunk)]
            self._in_hand = len(chunk)
            data = b"".join(chunk)
            size = len(data)
            lost = min(len(chunk), self._write_all(data).count(b"\n"))
            if not self._abandoned:
                self._counter.add(len(chunk) - lost, "")
                self._counter.add(lost, LINE_NOT_WRITTEN)
            self._in_hand = 0
            with self._lock:
                self._held -= size
            if self._lines:
                pieces = give_way()

    def _write_all(self, data: bytes) -> bytes:
        """Write the lines; return what could not be written of them."""
        if self._line_is_open:
            data = b"\n" + data
        left = data
        while left:
            try:
                left = left[self._write(left) :]
            except BlockingIOError:
                # A non-blocking stdout: wait as a blocking one would, away from the event loop.
                if self._stopping.wait(_FLUSH_SECONDS):
                    break
            except Exception:  # noqa: BLE001  # the thread outlives whatever writing meets
                break
        if len(left) < len(data):
            # A disk may fill in the middle of a line: the next one must not be glued to it.
            self._line_is_open = not data[: len(data) - len(left)].endswith(b"\n")
        return left
