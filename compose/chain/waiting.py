"""Waiting for something that takes its time, with an end and a reason."""

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class BrokenLinkError(Exception):
    """A link of the chain does not hold; the message says which, and what was found instead."""


def wait_for(
    what: str,
    look: Callable[[], _T | None],
    *,
    seconds: float,
    found_instead: Callable[[], str] = str,
    pause: float = 0.2,
) -> _T:
    """Return the first thing that `look` finds, or raise `BrokenLinkError` after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() >= until:
            instead = found_instead()
            message = f"{what}: not within {seconds:.0f} s" + (f"; {instead}" if instead else "")
            raise BrokenLinkError(message)
        time.sleep(pause)
