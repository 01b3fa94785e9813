"""Tiny real processes that stand for parts: each notes its start and its stop in a journal."""

import asyncio
import signal
import sys
from pathlib import Path

from compose.native.part import Part

_CHILD = """
import pathlib, signal, sys
name, journal = sys.argv[1], sys.argv[2]
def note(what):
    with open(journal, "a") as file:
        file.write(what + " " + name + "\\n")
def stop(*_):
    note("stop")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("start")
print("ready", flush=True)
signal.pause()
"""

# Leaves a process in another session, whose parent is gone, and which hears no request to end.
_LEAVES_ONE_BEHIND = """
import os, signal, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(sys.argv[1] + ".new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        print("ready", flush=True)
        signal.pause()
    os._exit(0)
signal.pause()
"""

_DEAF = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("ready", child.pid, flush=True)
signal.pause()
"""


class Says:
    """Ready when the log says so once more than at the last start."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._heard = 0

    async def __call__(self) -> bool:
        said = self._log.read_text().count("ready")
        if said == self._heard:
            return False
        self._heard = said
        return True


def part(name: str, folder: Path, *needs: str) -> Part:
    return _python(name, folder, _CHILD, name, str(folder / "journal"), needs=needs)


def leaves_one_behind(folder: Path) -> Part:
    return _python("leaver", folder, _LEAVES_ONE_BEHIND, str(folder / "left"))


def deaf(folder: Path) -> Part:
    return _python("deaf", folder, _DEAF, stop_seconds=0.3)


def task(code: str) -> Part:
    return Part("task", (sys.executable, "-c", code), ready=None)


def server(folder: Path, code: str, *, start_seconds: float = 20.0) -> Part:
    """A part that is ready when it says so, made of any program."""
    command = (sys.executable, "-c", code)
    return Part(
        "server", command, ready=Says(folder / "logs" / "server.log"), start_seconds=start_seconds
    )


def _python(
    name: str,
    folder: Path,
    code: str,
    *words: str,
    needs: tuple[str, ...] = (),
    stop_seconds: float = 5.0,
) -> Part:
    return Part(
        name,
        (sys.executable, "-c", code, *words),
        ready=Says(folder / "logs" / f"{name}.log"),
        needs=needs,
        stop=signal.SIGTERM,
        stop_seconds=stop_seconds,
    )


def journal(folder: Path) -> list[str]:
    return (folder / "journal").read_text().splitlines()


async def settle() -> None:
    """Let what was just signalled act."""
    await asyncio.sleep(0.05)
