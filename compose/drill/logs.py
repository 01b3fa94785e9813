"""The log lines of an incident: what the service has written since the fault began."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

_MOST_OF_A_KIND: Final = 20


class LogMark:
    """Where the logs ended at a moment; what comes after is of the incident."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._ends = {path: path.stat().st_size if path.exists() else 0 for path in paths.values()}

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield the JSON lines since then, file by file."""
        for path, end in self._ends.items():
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(end)
                for text in file:
                    if text.startswith(b"{") and text.endswith(b"}\n"):
                        yield orjson.loads(text)


def telling(
    lines: Iterator[dict[str, Any]], shows: Callable[[dict[str, Any]], bool], traces: set[str]
) -> list[dict[str, Any]]:
    """Return the lines of these traces, and the first ones that show it and of what went wrong."""
    found, showing, warnings = [], 0, 0
    for line in lines:
        if line.get("trace_id") in traces:
            found.append(line)
        elif showing < _MOST_OF_A_KIND and shows(line):
            showing += 1
            found.append(line)
        elif line.get("level") in {"warning", "error"} and warnings < _MOST_OF_A_KIND:
            warnings += 1
            found.append(line)
    return found
