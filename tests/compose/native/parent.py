"""A program that runs tiny parts until it is told to end: `python -m … FOLDER`. Tests kill it."""

import asyncio
import os
import sys
from pathlib import Path

from compose.native.commands import run_command
from compose.native.guard import Guard
from compose.native.progress import Silent
from compose.native.supervisor import Supervisor
from tests.compose.native import tiny


async def _run(folder: Path) -> int:
    passing = folder / "passing"
    passing.mkdir()
    (folder / "logs").mkdir()
    with Guard(remove=[passing]) as guard:
        parts = [
            tiny.part("first", folder),
            tiny.part("second", folder, "first"),
            tiny.leaves_one_behind(folder),
        ]
        running = Supervisor(parts, logs=folder / "logs", guard=guard, progress=Silent())
        try:
            await running.start()
            pids = [*running.running().values(), int((folder / "left").read_text())]
            (folder / "pids.new").write_text(" ".join(map(str, pids)))
            (folder / "pids.new").rename(folder / "pids")
            await asyncio.Event().wait()
        finally:
            await running.stop()
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(run_command(lambda: _run(Path(sys.argv[1]))))
