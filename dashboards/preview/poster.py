"""A board as a picture file: everything, text too, drawn by matplotlib."""

import io
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure as Sheet
from PIL import Image

from dashboards.layout import placed
from dashboards.model import Board, Panel
from dashboards.preview import bodies
from dashboards.preview.drawing import sheet
from dashboards.preview.geometry import EDGE, PADDING, WIDTH, Box, box, tall
from dashboards.preview.pen import Pen
from dashboards.preview.theme import Theme
from dashboards.preview.typeset import fitting, width_of
from dashboards.preview.views import View, marks

_HEADER: Final = 50.0
_COLOURS: Final = 255
SHARP: Final = 96
"""Dots to 72 pixels of the board, for a file of its own."""
SMALL: Final = 72
"""The same, for a picture that stands in a text."""


def poster(
    board: Board, views: dict[str, View], subtitle: str, ink: Theme, density: int = SHARP
) -> bytes:
    """Return the board as PNG; `views` are its panels' by their titles."""
    rows = list(placed(board))
    bottom = max(place.y + place.h for row in rows for _, place in row.panels)
    height = _HEADER + tall(bottom) + EDGE
    paper = sheet(WIDTH, height)
    paper.patch.set_facecolor(ink["canvas"])
    pen = Pen(paper, ink)
    _header(pen, board, subtitle, marks(views.values()))
    for row in rows:
        heading = box(row.heading, _HEADER)
        pen.write(row.row.title, heading.left + 18, heading.top + 20, size=13, weight="bold")
        pen.write("⌄", heading.left + 4, heading.top + 18, size=13, role="weak")
        for panel, place in row.panels:
            frame = box(place, _HEADER)
            _card(pen, panel, frame)
            bodies.draw(pen, views[panel.title], frame.inner())
    return _compact(paper, ink, density)


def _header(pen: Pen, board: Board, subtitle: str, meanings: tuple[tuple[str, str], ...]) -> None:
    pen.write(f"Sightline / {board.title}", EDGE, 31, size=17, weight="bold")
    pen.write(subtitle, WIDTH - EDGE, 31, size=12, role="weak", align="right")
    right = WIDTH - EDGE - width_of(subtitle, 12) - 28
    for role, says in reversed(meanings):
        pen.write(says, right, 31, size=12, role="weak", align="right")
        right -= width_of(says, 12) + 14
        pen.block(Box(right, 22, 8, 10), role)
        right -= 20


def _card(pen: Pen, panel: Panel, frame: Box) -> None:
    pen.card(frame)
    title = fitting(panel.title, 12.5, frame.width - 2 * PADDING - 4, "bold")
    pen.write(title, frame.left + PADDING + 2, frame.top + 21, size=12.5, weight="bold")


def _compact(paper: Sheet, ink: Theme, density: int) -> bytes:
    """Return the sheet as PNG with a palette: a third of the size, and nobody sees it."""
    drawn, small = io.BytesIO(), io.BytesIO()
    # Hinting moves each letter to a whole dot: in a small picture a line grows by a twelfth.
    with mpl.rc_context({"text.hinting": "none"}):
        paper.savefig(drawn, format="png", dpi=density, facecolor=paper.get_facecolor())
    with Image.open(drawn) as file:
        picture = file.convert("RGB")
    # The theme's own colours are kept as they are, however few dots have them.
    own = b"".join(bytes.fromhex(colour.removeprefix("#")) for colour in ink.colours.values())
    found = picture.quantize(_COLOURS - len(own) // 3, dither=Image.Dither.NONE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(own + bytes(found))
    few = picture.quantize(palette=palette, dither=Image.Dither.NONE)
    few.save(small, format="png", optimize=True)
    return small.getvalue()
