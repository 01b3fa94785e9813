"""How a thread of telemetry keeps out of a request's way, between two pieces of its work."""

import time
from typing import Final

PIECE: Final = 512
"""Parts of a body or lines in one go.

A request that meets a piece waits for it: some 45 µs for the change of threads, whatever the piece,
and 0.1 ms more for one of this size. Smaller ones meet more requests.
"""
_REST_SECONDS: Final = 1e-6


def give_way() -> None:
    """Let the event loop run, if it can: give up the interpreter, and the core too.

    To give up the interpreter alone is not enough on one core: Linux lets a thread that runs go on
    for its slice, so the loop, woken by a request, would wait for the core instead.
    """
    time.sleep(_REST_SECONDS)
