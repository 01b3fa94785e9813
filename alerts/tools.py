"""promtool, amtool and pint, found as the native run finds its parts."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from compose.native import tools


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool said, and whether it was content."""

    succeeded: bool
    output: str


def is_here(tool: str) -> bool:
    """Return whether the tool is on this machine."""
    return tools.Tools().look(tool) is not None


def run(tool: str, *arguments: str | Path) -> Outcome:
    """Run a tool to its end; `compose.native.errors.MissingPartError` if it is not installed."""
    command = [str(tools.find(tool)), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - arguments are our own files
    return Outcome(done.returncode == 0, f"{done.stdout}{done.stderr}".strip())
