"""What a runbook says first: its meaning and how to find the cause, without the queries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import alerts

FOLDER: Final = Path(alerts.__file__).parent / "runbooks"
_SHOWN: Final = ("## Meaning", "## Diagnosis")


def runbook(alert: str, folder: Path = FOLDER) -> list[str]:
    """Return its lines; none where there is no such runbook."""
    place = folder / f"{alert}.md"
    # The name is an alert's of a record: no other file is meant, whatever it holds.
    if place.parent != folder or not place.is_file():
        return []
    return list(_telling(place.read_text(encoding="utf-8").splitlines()))


def _telling(lines: list[str]) -> Iterator[str]:
    shown = fenced = False
    blank = True
    for line in lines:
        if line.startswith("## "):
            shown = line in _SHOWN
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        if not shown or fenced or (blank and not line):
            continue
        blank = not line
        yield line.removeprefix("## ").upper() if line.startswith("## ") else line
