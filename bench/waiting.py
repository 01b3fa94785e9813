"""How long a thread that could have run waited for its core, as Linux counts it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Wait:
    """Of a server, in seconds so far.

    `event_loop` is how long its event loop waited for the core, `threads` the CPU of its other
    threads and helper processes: for these the loop waits by the server's own doing.
    """

    event_loop: float
    threads: float

    def __sub__(self, earlier: "Wait") -> "Wait":
        return Wait(self.event_loop - earlier.event_loop, self.threads - earlier.threads)

    def for_others(self) -> float:
        """Return the least that the loop waited for what is not the server's."""
        return max(0.0, self.event_loop - self.threads)


def waited_so_far(process: int | str = "self") -> float:
    """Return the seconds that the main thread of a process has waited for a core."""
    return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[1]) / 1e9
