"""The panels' matrix in the README; all else there is left alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from compose.markdown import Block, table
from dashboards.matrix import HEADER, matrix
from dashboards.model import Board

README: Final = Path(__file__).resolve().parents[1] / "README.md"
BLOCK: Final = Block("panel matrix", "python -m dashboards build")


def write(boards: tuple[Board, ...], file: Path = README) -> None:
    """Put the boards' matrix where the marks are; `NoPlaceError` where there are none."""
    BLOCK.write(file, _content(boards))


def stale(boards: tuple[Board, ...], file: Path = README) -> Iterator[str]:
    """Yield a line where the matrix is not what the boards give."""
    text = file.read_text("utf-8")
    if text != BLOCK.filled(text, _content(boards)):
        yield f"{file.name} has not the boards' matrix: run `make generate`"


def _content(boards: tuple[Board, ...]) -> str:
    return table(HEADER, (line.cells for line in matrix(boards)))
