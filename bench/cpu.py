"""The CPU of a server process, by layer: which of its threads, or which helper process, used it."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

EVENT_LOOP: Final = "event loop"
OTHER_THREADS: Final = "other threads"
PROCESSES: Final = "other processes"
LAYERS: Final = (
    EVENT_LOOP,
    "span thread",
    "log thread",
    "metrics thread",
    OTHER_THREADS,
    PROCESSES,
)
"""Every layer, in the order in which the table has them."""

_NAMES: Final = (
    ("MainThread", EVENT_LOOP),
    ("telemetry-spans", "span thread"),
    ("Otel", "span thread"),
    ("telemetry-log", "log thread"),
    ("telemetry-metrics", "metrics thread"),
    ("(serve_forever)", "metrics thread"),
)
_PROCESS_CLOCK: Final = 2
"""The low bits of Linux's identifier of a process' CPU clock; the others are the inverted pid."""


def layer_of(thread_name: str) -> str:
    """Return the layer that a thread of this name belongs to."""
    return next((layer for part, layer in _NAMES if part in thread_name), OTHER_THREADS)


class LayeredCpu:
    """Reads one process; `threads` maps the kernel's thread identifiers to the threads' names."""

    def __init__(self, pid: int, threads: Mapping[int, str]) -> None:
        self._process = psutil.Process(pid)
        self._layers = {thread: layer_of(name) for thread, name in threads.items()}

    def seconds(self) -> dict[str, float]:
        """Return the CPU of every layer so far, in seconds; the sum is all that was used.

        A thread that is not known, even one that has ended, counts among the other threads.
        """
        found = dict.fromkeys(LAYERS, 0.0)
        for thread, layer in self._layers.items():
            with suppress(FileNotFoundError):
                found[layer] += self._thread_seconds(thread)
        found[OTHER_THREADS] = max(0.0, _process_seconds(self._process.pid) - sum(found.values()))
        for child in self._process.children(recursive=True):
            with suppress(psutil.NoSuchProcess, OSError):
                found[PROCESSES] += _process_seconds(child.pid)
        return found

    def _thread_seconds(self, thread: int) -> float:
        text = Path(f"/proc/{self._process.pid}/task/{thread}/schedstat").read_text("ascii")
        return int(text.split()[0]) / 1e9


def _process_seconds(pid: int) -> float:
    return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
