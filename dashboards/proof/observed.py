"""The panels' matrix as the proof saw it: board by board, what each panel really answered under.

`dashboards.matrix` is what the code demands; here a panel counts only where it was seen.
"""

from collections.abc import Iterator

from dashboards.matrix import Line
from dashboards.model import Board, Panel, Shown
from dashboards.proof.proving import Proof


def observed(proof: Proof, boards: tuple[Board, ...]) -> Iterator[Line]:
    """Yield a line for each board, and one for all of them."""
    seen = _Seen(proof)
    yield from (seen.line(board.title, board.panels) for board in boards)
    yield seen.line("all", tuple(panel for board in boards for panel in board.panels))


class _Seen:
    """Panels, by what they were seen to answer under; the same panel may stand on two boards."""

    def __init__(self, proof: Proof) -> None:
        faulty = {(cell.board.slug, cell.panel.title) for cell in proof.ordinary if cell.is_fault}
        self._under_load = {
            id(cell.panel)
            for cell in proof.ordinary
            if (cell.board.slug, cell.panel.title) not in faulty
        }
        failed_later = {id(cell.panel) for cell in proof.later if cell.is_fault}
        self._under_faults = {id(cell.panel) for cell in proof.later} - failed_later
        self._found = {id(panel) for panel in proof.found}
        self._unanswered = {id(panel) for panel, _ in proof.without_answer}

    def line(self, title: str, panels: tuple[Panel, ...]) -> Line:
        ways = [self._way(panel) for panel in panels]
        return Line(
            title,
            len(panels),
            sum(len(panel.queries) + (panel.search is not None) for panel in panels),
            ways.count("load"),
            ways.count("faults"),
            ways.count("samples"),
            ways.count("jaeger"),
            ways.count("grafana"),
        )

    def _way(self, panel: Panel) -> str:
        if panel.search is not None:
            return "jaeger" if id(panel) in self._found else "nothing"
        if not panel.queries:
            return "grafana"
        if id(panel) in self._under_load:
            return "load"
        if id(panel) in self._under_faults:
            return "faults"
        by_samples = panel.quiet is not None and panel.quiet.shown is Shown.SAMPLES
        return "samples" if by_samples and id(panel) not in self._unanswered else "nothing"
