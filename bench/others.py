"""How long the machine worked for others: for whatever is no part of the measurement.

Linux tells of every thread how long it has run. What the processes that are measured use is
theirs, however they share it; the rest was taken away from them. A thread that ends meanwhile and
what a hypervisor takes are not seen.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_PROCESSES: Final = Path("/proc")


def others(own: Collection[int]) -> dict[int, float]:
    """Return the seconds so far of every thread that belongs to none of the processes `own`."""
    found: dict[int, float] = {}
    for process in _PROCESSES.iterdir():
        if process.name.isdigit() and int(process.name) not in own:
            found.update(_threads(process))
    return found


def taken(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Return the seconds that they ran in between."""
    return sum(max(0.0, now - before.get(thread, 0.0)) for thread, now in after.items())


def _threads(process: Path) -> Iterator[tuple[int, float]]:
    # It may have ended, or be hidden.
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for thread in (process / "task").iterdir():
            nanoseconds = (thread / "schedstat").read_text("ascii").split()[0]
            yield int(thread.name), int(nanoseconds) / 1e9
