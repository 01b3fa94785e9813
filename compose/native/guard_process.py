"""The guard's own process: `python -m compose.native.guard_process`, its orders on stdin.

Started by `compose.native.guard` only. A line is a JSON object: first the run's token and what to
remove, then a process each. The end of the input is the order to clean up.
"""

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import TextIO

from compose.native.processes import Identity, end_tree, kill_all, with_token


def watch(orders: TextIO) -> None:
    """Read orders until their end, then end every process and remove every file named."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    first = orders.readline()
    if not first.endswith("\n"):
        return
    run = json.loads(first)
    # A line cut short is of a parent that was killed while it wrote; the token finds the process.
    guarded = [json.loads(line) for line in orders if line.endswith("\n")]
    for process in reversed(guarded):
        identity = Identity(process["pid"], process["started"])
        end_tree(identity, signal.Signals(process["signal"]), process["seconds"])
    kill_all(with_token(run["token"]))
    for name in run["remove"]:
        _remove(Path(name))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    watch(sys.stdin)
