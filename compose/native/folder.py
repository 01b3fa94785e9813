"""A run's folder: what is in it, who owns it, and what stays when the run has ended.

lock            held by the run and its guard; free again when nothing of the run is left
platform.json   who runs, for `down`
config/ data/   rendered configuration, databases, mails: gone with the run
logs/           each part's output, and the traces where there is no Jaeger: kept until the
                next start, for they tell why a run ended
"""

import fcntl
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compose.native.errors import AlreadyRunningError, RunError
from compose.native.processes import Identity

_ROOT: Final = Path(__file__).resolve().parents[2]
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_POLL_SECONDS: Final = 0.1
_CLEANING_SECONDS: Final = 60.0


def named(name: str) -> Path:
    """Return the folder of the run of that name, in the repository's build folder."""
    if not _NAME.fullmatch(name):
        message = f"a run's name is letters, digits, - and _, not {name!r}"
        raise RunError(message)
    return _ROOT / "build" / "run" / name


@dataclass(frozen=True)
class RunFolder:
    """Paths in a run's folder."""

    root: Path

    @property
    def config(self) -> Path:
        """Rendered configuration."""
        return self.root / "config"

    @property
    def data(self) -> Path:
        """What the parts store."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        """What the parts print."""
        return self.root / "logs"

    @property
    def mails(self) -> Path:
        """A file for each mail that was taken."""
        return self.data / "mails"

    @property
    def state(self) -> Path:
        """Who runs."""
        return self.root / "platform.json"

    @property
    def passing(self) -> tuple[Path, ...]:
        """What is removed when the run ends."""
        return (self.config, self.data, self.state)

    def lock(self) -> int:
        """Take the folder for a run; return the file descriptor that holds it.

        Raises `AlreadyRunningError` while a run lives in it; waits for one that is cleaned up.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _CLEANING_SECONDS
        while not _locked(handle):
            owner = self.owner()
            if owner is not None or time.monotonic() > deadline:
                os.close(handle)
                who = f"process {owner.pid}" if owner else "a run that is being cleaned up"
                message = f"a platform runs in {self.root} ({who}): python -m compose down"
                raise AlreadyRunningError(message)
            time.sleep(_POLL_SECONDS)
        return handle

    def prepare(self) -> None:
        """Make the folder new and empty; call it with the lock held."""
        for folder in (self.config, self.data, self.logs):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        self.mails.mkdir()
        self.root.chmod(0o700)

    def write_state(self, description: dict[str, object]) -> None:
        """Write who runs here, complete or not at all."""
        me = Identity.of(os.getpid())
        owner = {"pid": os.getpid(), "started": me.started if me else 0}
        draft = self.state.with_suffix(".new")
        draft.write_text(json.dumps(owner | description, indent=2) + "\n", encoding="utf-8")
        draft.replace(self.state)

    def owner(self) -> Identity | None:
        """Return the living process that runs the platform here, if any."""
        try:
            state = json.loads(self.state.read_text(encoding="utf-8"))
            identity = Identity(state["pid"], state["started"])
        except (OSError, ValueError, KeyError):
            return None
        return identity if identity.alive() else None

    def wait_free(self, seconds: float) -> bool:
        """Wait until nothing of a run is left here; tell whether that came to be in time."""
        try:
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        deadline = time.monotonic() + seconds
        try:
            while not _locked(handle):
                if time.monotonic() > deadline:
                    return False
                time.sleep(_POLL_SECONDS)
        finally:
            os.close(handle)
        return True


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
