"""How a thread of telemetry lets requests go first.

Python runs one thread at a time, and the kernel lets one that was long asleep finish its turn.
Where a process has one core, all that such a thread does in one go is added to some request's time.
So long work is done in pieces, with a rest between them in which the event loop has both.
"""

import time
from typing import Final

PIECE: Final = 64
"""Spans or lines that are worked on in one go: some ten microseconds."""

_REST_SECONDS: Final = 10e-6


def rest() -> None:
    """Let go of the interpreter and of the core for a moment."""
    time.sleep(_REST_SECONDS)
