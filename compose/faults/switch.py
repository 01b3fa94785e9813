"""The switch, from outside: tells the drill's build of the web process how to misbehave.

One datagram on a Unix socket is one order; `compose.faults.switched` is who takes it.
"""

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

SWITCH_VARIABLE: Final = "DRILL_SWITCH"
"""The environment variable that names the socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is wrong from now on; whatever is not named is well again."""

    slow_path: str = ""
    slow_seconds: float = 0.0
    """How long a request of that path waits before the service gets it."""
    failing_path: str = ""
    """Every request of it ends in an exception that nobody expected."""
    block_seconds: float = 0.0
    """For how long the event loop is held, again and again."""
    leak_bytes: int = 0
    """What is kept for ever, a second."""
    clock_seconds: float = 0.0
    """How far the process's clock is ahead."""
    labels_a_second: int = 0
    """New values of a label that has no end."""


class Switch:
    """Sends orders to a web process that listens on `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def set(self, order: Order) -> None:
        """Have the process behave so; raises `OSError` where nobody listens."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(json.dumps(asdict(order)).encode(), str(self.path))

    def reset(self) -> None:
        """Have it behave well."""
        self.set(Order())
