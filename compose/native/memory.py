"""The peak memory of each part: what the kernel remembers, and samples where it does not.

Of a part that is one process the kernel keeps the peak (VmHWM). A part of several (PostgreSQL, a
process a connection) is sampled: the sum of the proportional set sizes of its tree, so that memory
which they share counts once. A peak shorter than the sampling interval can be missed there.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import psutil

_EVERY_SECONDS: Final = 1.0
_KIB: Final = 1024


class MemoryWatch:
    """Samples the parts' processes on a thread of its own until it is stopped."""

    def __init__(self, processes: Callable[[], Mapping[str, int]]) -> None:
        self._processes = processes
        self._peaks: dict[str, int] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and end."""
        if self._thread.is_alive():
            self.sample()
            self._stopped.set()
            self._thread.join()

    def peaks(self) -> dict[str, int]:
        """Return the peak of each part seen so far, in bytes."""
        self.sample()
        return dict(self._peaks)

    def sample(self) -> None:
        """Look at every process once."""
        for name, pid in self._processes().items():
            self._peaks[name] = max(self._peaks.get(name, 0), _tree_bytes(pid))

    def _watch(self) -> None:
        while not self._stopped.wait(_EVERY_SECONDS):
            self.sample()


def _tree_bytes(pid: int) -> int:
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0
    if not children:
        return _kib_of(pid, "status", "VmHWM:") * _KIB
    pids = [pid, *(child.pid for child in children)]
    return sum(_kib_of(each, "smaps_rollup", "Pss:") for each in pids) * _KIB


def _kib_of(pid: int, file: str, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)
