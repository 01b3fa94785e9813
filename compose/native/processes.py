"""Processes by identity: a PID together with the moment it began, so that no stranger is ended.

Linux only: it reads `/proc`.
"""

import os
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import psutil

# Every process of a run carries the run's token in this variable: what a part left behind, and
# what was started but not yet registered, is found by it.
TOKEN_VARIABLE: Final = "NATIVE_RUN_TOKEN"  # noqa: S105  # a variable's name, not a secret
_POLL_SECONDS: Final = 0.02
_STATE, _START_TICKS = 0, 19  # fields after the command's name in /proc/PID/stat
_GONE: Final = frozenset("ZX")


@dataclass(frozen=True)
class Identity:
    """One process, even after its PID was given to another."""

    pid: int
    started: int
    """Clock ticks after boot, as /proc tells."""

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Return the identity of a living process, or None."""
        fields = _stat(pid)
        return cls(pid, int(fields[_START_TICKS])) if fields else None

    def alive(self) -> bool:
        """Tell whether it runs; one that only waits to be reaped does not."""
        fields = _stat(self.pid)
        if fields is None or fields[_STATE] in _GONE:
            return False
        return int(fields[_START_TICKS]) == self.started

    def send(self, number: signal.Signals) -> None:
        """Send a signal if it still runs."""
        if self.alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def _stat(pid: int) -> Sequence[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def descendants(identity: Identity) -> list[Identity]:
    """Return every living child, grandchild and so on."""
    if not identity.alive():
        return []
    try:
        children = psutil.Process(identity.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    found = (Identity.of(child.pid) for child in children)
    return [child for child in found if child is not None]


def with_token(token: str) -> list[Identity]:
    """Return the living processes whose environment carries the run's token."""
    wanted = f"{TOKEN_VARIABLE}={token}".encode()
    found: list[Identity] = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or another user's
            continue
        identity = Identity.of(int(folder.name))
        if wanted in environment and identity is not None and identity.alive():
            found.append(identity)
    return found


def end_tree(identity: Identity, number: signal.Signals, seconds: float) -> None:
    """Ask a process to end; after `seconds` end it and all its descendants at once."""
    tree = [identity, *descendants(identity)]
    identity.send(number)
    identity.send(signal.SIGCONT)  # one that a drill has stopped hears nothing else
    if not wait_gone([identity], seconds):
        tree += descendants(identity)
    kill_all(tree)


def kill_all(identities: Iterable[Identity]) -> None:
    """Kill what still runs, and wait for it to be gone."""
    left = [identity for identity in identities if identity.alive()]
    for identity in left:
        identity.send(signal.SIGKILL)
    # A killed process is gone at once, unless the kernel holds it in a system call.
    wait_gone(left, 5.0)


def wait_gone(identities: Sequence[Identity], seconds: float) -> bool:
    """Wait up to `seconds`; tell whether all of them are gone."""
    deadline = time.monotonic() + seconds
    while any(identity.alive() for identity in identities):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
