"""How long a thread that could have run waited for its core, as Linux counts it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Wait:
    """Of a server or the load, in seconds so far.

    `waited` is how long it waited for its core, `own` the CPU of what it shares that core with by
    the server's own doing: the server's other threads, or the receiver of what they send.
    """

    waited: float
    own: float

    def __sub__(self, earlier: "Wait") -> "Wait":
        return Wait(self.waited - earlier.waited, self.own - earlier.own)

    def for_others(self) -> float:
        """Return the least that it waited for what is not the server's."""
        return max(0.0, self.waited - self.own)


def waited_so_far(process: int | str = "self") -> float:
    """Return the seconds that the main thread of a process has waited for a core."""
    return _schedstat(process)[1]


def ran_so_far(process: int | str = "self") -> float:
    """Return the seconds that the main thread of a process has run."""
    return _schedstat(process)[0]


def _schedstat(process: int | str) -> tuple[float, float]:
    ran, waited, _ = Path(f"/proc/{process}/schedstat").read_text("ascii").split()
    return int(ran) / 1e9, int(waited) / 1e9
