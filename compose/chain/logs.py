"""Finds log lines by their IDs, in the files that the native run keeps."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def lines_with(paths: Iterable[Path], **wanted: str) -> list[dict[str, Any]]:
    """Return the JSON lines of the files whose fields have the wanted values, in file order."""
    return [
        line
        for path in paths
        for line in _json_lines(path)
        if all(line.get(key) == value for key, value in wanted.items())
    ]


def _json_lines(path: Path) -> Iterable[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            if text.startswith("{") and text.endswith("}\n"):
                yield json.loads(text)
