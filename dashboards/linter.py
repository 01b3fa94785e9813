"""Has grafana/dashboard-linter itself judge the committed boards: strictly, no rule excluded."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

_TIMEOUT_SECONDS = 60
_COLOURS = re.compile(r"\x1b\[\d*m")
_MARKS = ("[❌]", "[⚠")


def refused(linter: Path, files: Iterable[Path]) -> Iterator[str]:
    """Yield what it says of each file that it does not take."""
    for file in files:
        yield from (f"{file.name}: dashboard-linter: {line}" for line in _said(linter, file))


def _said(linter: Path, file: Path) -> list[str]:
    done = subprocess.run(  # noqa: S603 - the tool that the caller found, and our own file
        [str(linter), "lint", "--strict", str(file)],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if not done.returncode:
        return []
    said = _COLOURS.sub("", done.stdout + done.stderr)
    return [line for line in said.splitlines() if line.startswith(_MARKS)] or [said.strip()]
