"""Grafana's grid in pixels, and how a panel's body is shared out."""

from dataclasses import dataclass
from typing import Final

from dashboards.layout import Place
from dashboards.model import GRID_WIDTH
from dashboards.preview.views import Lines

WIDTH: Final = 1280.0
"""Of the whole board, in pixels of the picture; a page is the same, larger or smaller."""
EDGE: Final = 16.0
GAP: Final = 8.0
CELL: Final = 30.0
TITLE: Final = 34.0
PADDING: Final = 8.0
ROW: Final = 18.0
"""The height of a line of a legend or a table."""

_COLUMN: Final = (WIDTH - 2 * EDGE - (GRID_WIDTH - 1) * GAP) / GRID_WIDTH
_LEGENDS_SHARE: Final = 0.38


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, from the top left."""

    left: float
    top: float
    width: float
    height: float

    def inner(self) -> "Box":
        """Return what the panel's title and edges leave."""
        return Box(
            self.left + PADDING,
            self.top + TITLE,
            self.width - 2 * PADDING,
            self.height - TITLE - PADDING,
        )


def box(place: Place, top: float) -> Box:
    """Return where a panel stands on a picture whose grid begins at `top`."""
    return Box(
        EDGE + place.x * (_COLUMN + GAP),
        top + place.y * (CELL + GAP),
        place.w * (_COLUMN + GAP) - GAP,
        tall(place.h),
    )


def tall(rows: int) -> float:
    """Return the height of so many rows of the grid."""
    return rows * (CELL + GAP) - GAP


def legend_lines(view: Lines, height: float) -> int:
    """Return how many series the legend has room for; one alone stands in a line by itself."""
    if len(view.lines) == 1:
        return 1
    return max(1, min(len(view.lines), int(height * _LEGENDS_SHARE / ROW) - 1))


def legend_height(view: Lines, height: float) -> float:
    """Return what the legend takes of a panel's body, its headings with it."""
    lines = legend_lines(view, height)
    return ROW * (1 if len(view.lines) == 1 else lines + 1) + 2
