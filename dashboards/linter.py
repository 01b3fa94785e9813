"""Has grafana/dashboard-linter itself judge the committed boards: strictly, no rule excluded.

It takes every table's query for PromQL, so it is given the boards without the lists of traces,
which ask Jaeger; `dashboards.lint` judges those.
"""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboards.lint.findings import Json
from dashboards.lint.panel_rules import asks_jaeger

_TIMEOUT_SECONDS = 60
_COLOURS = re.compile(r"\x1b\[\d*m")
_MARKS = ("[❌]", "[⚠")


def refused(linter: Path, files: Iterable[Path]) -> Iterator[str]:
    """Yield what it says of each file that it does not take."""
    with TemporaryDirectory() as folder:
        for file in files:
            board = json.loads(file.read_text("utf-8"))
            board["panels"] = _without_traces(board["panels"])
            judged = Path(folder) / file.name
            judged.write_text(json.dumps(board), encoding="utf-8")
            yield from (f"{file.name}: dashboard-linter: {line}" for line in _said(linter, judged))


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


def _without_traces(panels: list[Json]) -> list[Json]:
    return [
        {**panel, "panels": _without_traces(panel["panels"])} if "panels" in panel else panel
        for panel in panels
        if not asks_jaeger(panel)
    ]
