"""Where panels stand on Grafana's grid: computed, so that none overlaps and none is forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass

from dashboards.model import GRID_WIDTH, Board, Panel, Row

HEADING_HEIGHT = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle of the grid, in columns and rows of it."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row of the board with the places of its heading and its panels."""

    row: Row
    heading: Place
    panels: tuple[tuple[Panel, Place], ...]


def placed(board: Board) -> Iterator[PlacedRow]:
    """Yield the board's rows from top to bottom.

    The panels of a collapsed row get the places that they have once it is opened.
    """
    top = 0
    for row in board.rows:
        heading = Place(0, top, GRID_WIDTH, HEADING_HEIGHT)
        panels, bottom = _flow(row.panels, top + HEADING_HEIGHT)
        yield PlacedRow(row, heading, panels)
        top = top + HEADING_HEIGHT if row.collapsed else bottom


def _flow(panels: tuple[Panel, ...], top: int) -> tuple[tuple[tuple[Panel, Place], ...], int]:
    """Lay panels left to right and break lines; return them with the first free grid row."""
    result = []
    x, line_height = 0, 0
    for panel in panels:
        if x + panel.width > GRID_WIDTH:
            top, x, line_height = top + line_height, 0, 0
        result.append((panel, Place(x, top, panel.width, panel.height)))
        x += panel.width
        line_height = max(line_height, panel.height)
    return tuple(result), top + line_height
