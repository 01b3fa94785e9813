"""The panels' matrix: board by board, what has to show that each panel draws what it should.

It is what the code demands; `dashboards.proof` fails where a panel does not keep it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Final

from dashboards.model import Board, Panel, Shown

HEADER: Final = (
    "board",
    "panels",
    "queries",
    "answer under load",
    "answer under faults",
    "answer by samples",
    "answer from Jaeger",
    "ask Grafana itself",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One board: how many panels, their queries, and the panels by what shows that they answer."""

    board: str
    panels: int
    queries: int
    under_load: int
    under_faults: int
    by_samples: int
    from_jaeger: int
    without_query: int

    @property
    def cells(self) -> tuple[str, ...]:
        """The line in the order of `HEADER`."""
        return tuple(map(str, astuple(self)))


def matrix(boards: tuple[Board, ...]) -> Iterator[Line]:
    """Yield a line for each board, and one for all of them."""
    yield from (_line(board.title, board.panels) for board in boards)
    yield _line("all", tuple(panel for board in boards for panel in board.panels))


def text(lines: Iterable[Line]) -> Iterator[str]:
    """Yield the lines under their header, in columns."""
    rows = [HEADER, *(line.cells for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *figures in rows:
        padded = (one.rjust(width) for one, width in zip(figures, widths[1:], strict=True))
        yield f"{first.ljust(widths[0])} | {' | '.join(padded)}"


def _line(title: str, panels: tuple[Panel, ...]) -> Line:
    asking = [panel for panel in panels if panel.queries]
    searches = sum(panel.search is not None for panel in panels)
    shown = [panel.quiet.shown if panel.quiet else None for panel in asking]
    return Line(
        title,
        len(panels),
        sum(len(panel.queries) for panel in panels) + searches,
        shown.count(None),
        shown.count(Shown.LATER),
        shown.count(Shown.SAMPLES),
        searches,
        len(panels) - len(asking) - searches,
    )
