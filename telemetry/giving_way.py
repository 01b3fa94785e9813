"""How a thread of telemetry keeps out of a request's way: it works in pieces, with rests between.

Python runs one thread at a time, so a request that meets such a thread waits for it. A piece is
short, and a rest is long enough for the event loop to make up for it. What the numbers follow from
is in docs/decisions/giving-way.md.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_PIECES_IN_A_RUSH: Final = 16
_REST_SECONDS: Final = 0.001

_thread = threading.local()


class _Courtesy:
    """Whether its thread waits until the event loop sleeps, or runs as soon as it may.

    Linux's SCHED_BATCH is the first: such a thread is no less entitled to a core, but its waking
    up interrupts nobody. A loop that never sleeps keeps it waiting, 5 ms for each turn (Python's
    switch interval), and work would be lost: so one that is behind is an ordinary thread.
    """

    def __init__(self, is_behind: Callable[[], bool]) -> None:
        self._is_behind = is_behind
        self._is_scheduled = _is_ordinary()
        self._waits = False

    def is_due(self) -> bool:
        """Tell whether there is time for a rest, and become the thread that fits."""
        is_due = not self._is_behind()
        if self._is_scheduled and is_due is not self._waits:
            self._waits = is_due
            with suppress(OSError):  # a sandbox may forbid it, and rests help without
                policy = os.SCHED_BATCH if is_due else os.SCHED_OTHER
                os.sched_setscheduler(0, policy, os.sched_param(0))
        return is_due


def _is_ordinary() -> bool:
    """Tell whether Linux schedules this thread, and nobody told it how."""
    if not hasattr(os, "SCHED_BATCH"):
        return False
    try:
        return os.sched_getscheduler(0) == os.SCHED_OTHER
    except OSError:
        return False


def begin(is_behind: Callable[[], bool]) -> None:
    """Call at the start of a thread; `is_behind` tells when there is no time for rests."""
    _thread.courtesy = _Courtesy(is_behind)


def give_way() -> int:
    """Let the event loop run, if there is time; return how many pieces to do in one go now.

    To give up the interpreter alone is not enough on one core: Linux lets a thread that runs go on
    for its slice, so the loop, woken by a request, would wait for the core instead.
    """
    courtesy = getattr(_thread, "courtesy", None)
    if courtesy is not None and not courtesy.is_due():
        return _PIECES_IN_A_RUSH
    time.sleep(_REST_SECONDS)
    return 1
