"""docs/telemetry/README.md and its blocks, to be run in processes of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/telemetry/README.md").read_text()
BLOCKS = dict(re.findall(r"```python (\S+)\n(.*?)```", PAGE, re.DOTALL))

STARLETTE = """
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def order(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


application = Starlette(routes=[Mount("/v1", routes=[Route("/orders/{order}", order)])])
"""


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "error"}


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # ours
        [sys.executable, *words],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def with_blocks(folder: Path) -> Path:
    """Put every block of the page into the folder, in a file of its name."""
    for name, text in BLOCKS.items():
        (folder / name).write_text(text)
    return folder
