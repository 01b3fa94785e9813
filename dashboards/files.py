"""The committed files: what they should hold, and whether they do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dashboards.grafana import render
from dashboards.model import Board

FOLDER: Final = Path(__file__).parent / "generated"


def generated(boards: tuple[Board, ...]) -> dict[str, dict[str, Any]]:
    """Return each board's dashboard by the name of its file."""
    return {f"{board.slug}.json": render(board) for board in boards}


def encoded(dashboard: dict[str, Any]) -> bytes:
    """Return the dashboard as its file's bytes, which depend on its content alone."""
    text = json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def write(dashboards: dict[str, dict[str, Any]], folder: Path = FOLDER) -> None:
    """Make the folder hold these dashboards and no other."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.json"):
        if file.name not in dashboards:
            file.unlink()
    for name, dashboard in dashboards.items():
        (folder / name).write_bytes(encoded(dashboard))


def stale(dashboards: dict[str, dict[str, Any]], folder: Path = FOLDER) -> Iterator[str]:
    """Yield one line for each file that is not what the boards give."""
    present = {file.name for file in folder.glob("*.json")}
    for name in sorted(present | dashboards.keys()):
        if name not in dashboards:
            yield f"{name} comes from no board: run `make generate`"
        elif name not in present:
            yield f"{name} is missing: run `make generate`"
        elif (folder / name).read_bytes() != encoded(dashboards[name]):
            yield f"{name} is not what its board gives: run `make generate`"
