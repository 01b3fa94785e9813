"""The cache folder: a thing is there whole or not at all, and is obtained by one run at a time."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

_POLL_SECONDS: Final = 0.2


@asynccontextmanager
async def only_run(lock: Path, waiting: Callable[[], None]) -> AsyncIterator[None]:
    """Hold a lock file while the block runs; `waiting` is called when another run holds it.

    The lock goes with its process, so a killed run keeps nobody out.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                await asyncio.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(handle)


def scratch(cache: Path, name: str) -> Path:
    """Return a new empty folder beside the things of the cache; what a killed run left is removed.

    Call it with the lock of `name` held.
    """
    for left in cache.glob(f".{name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))


def put(made: Path, place: Path) -> None:
    """Move a finished thing to its place in one step; what was there before goes."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        old = made.with_name(made.name + ".old")
        place.rename(old)
    made.rename(place)
