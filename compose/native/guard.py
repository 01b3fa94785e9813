"""The guard's side in our process: tells it what runs, so that it can end that if we cannot.

The guard is a process in a session of its own that reads a pipe from us. However we end, the
kernel closes the pipe: the guard then ends every registered process that still runs, in reverse
order, then whatever else carries the run's token, and removes the run's files.

No process is ever outside its sight: a child is started `held`, as a shell that waits for a line
before it becomes the program. The line is given when the guard knows of the child; if we die
first, the shell reads the end of its input and ends. (The token alone is not enough: Valkey, like
PostgreSQL, writes its title over its environment.)
"""

import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from compose.native.errors import RunError
from compose.native.processes import Identity

# The same process throughout: `exec` keeps its PID and its start.
_HOLD: Final = ("/bin/sh", "-c", 'read -r _ || exit 1; exec "$@" </dev/null', "held")
GO: Final = b"\n"
_ROOT: Final = Path(__file__).resolve().parents[2]


def held(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command of a process that becomes `command` when its stdin gets `GO`."""
    return (*_HOLD, *command)


class Guard:
    """Ends a run's processes when its own process is gone. A context manager.

    `remove` are the files and folders to remove at the end; `keep_open` file descriptors that the
    guard holds until it has finished (a lock).
    """

    def __init__(self, *, remove: Sequence[Path] = (), keep_open: Sequence[int] = ()) -> None:
        self.token = secrets.token_hex(16)
        self._remove = remove
        self._keep_open = tuple(keep_open)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start the guard, before anything that it guards."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "compose.native.guard_process"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=self._keep_open,
            text=True,
        )
        paths = [str(path.absolute()) for path in self._remove]
        self._tell({"token": self.token, "remove": paths})
        return self

    def __exit__(self, *_: object) -> None:
        """Close the pipe and wait until the guard has ended what is left."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin is not None:
            process.stdin.close()
        process.wait()  # every step of the guard has a deadline of its own

    def register(self, identity: Identity, stop: signal.Signals, seconds: float) -> None:
        """Have a process ended with the run: asked by `stop`, killed after `seconds`.

        Register a `held` process before it is let go.
        """
        self._tell(
            {
                "pid": identity.pid,
                "started": identity.started,
                "signal": int(stop),
                "seconds": seconds,
            }
        )

    def _tell(self, message: dict[str, object]) -> None:
        if self._process is None or self._process.stdin is None:
            error = "the guard of the run has not been started"
            raise RunError(error)
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            error = "the guard of the run has ended: nothing would clean up; start again"
            raise RunError(error) from None
