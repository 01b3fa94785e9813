"""One plot as a drawing that stands in a page: SVG whose colours and names are the page's own."""

import io
import re
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet

from dashboards.preview import theme
from dashboards.preview.heat import draw_heat
from dashboards.preview.plots import draw_lines, draw_past
from dashboards.preview.scatter import draw_scatter
from dashboards.preview.theme import Theme
from dashboards.preview.typeset import FAMILY, SMALL, width_of
from dashboards.preview.views import Axis, Figure, Heat, Lines, Scatter

_POINTS: Final = 72
"""Pixels of the board to an inch of the sheet: sizes in points are then sizes in pixels."""
_ABOVE_CARDS: Final = 5
_BELOW: Final = 20.0
_ABOVE: Final = 6.0
_BESIDE: Final = 8.0
_AXIS: Final = 60.0
"""About what the values beside a plot take."""
_SETTINGS: Final[Any] = {"svg.fonttype": "none", "svg.hashsalt": "sightline", "font.family": FAMILY}
_NOTHING: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NAMES: Final = re.compile(r'(\bid="|url\(#|href="#)')
_FONTS: Final = re.compile(r"font-family: [^;\"]+")


def sheet(width: float, height: float) -> Sheet:
    """Return an empty sheet of this size in pixels of the board."""
    return Sheet(figsize=(width / _POINTS, height / _POINTS), dpi=_POINTS)


def plot(
    paper: Sheet, view: Lines | Heat | Scatter, ink: Theme, box: tuple[float, float, float, float]
) -> None:
    """Draw into the box (left, top, width, height, in pixels), with room for what the axes say."""
    left, top, width, height = box
    axes = _axes(paper, box)
    tall = height - _ABOVE - _BELOW
    inner = (width - _AXIS, tall)
    match view:
        case Lines():
            draw_lines(axes, view, ink, inner)
        case Heat():
            draw_heat(axes, view, ink, inner)
        case Scatter():
            draw_scatter(axes, view, ink, inner)
    said = [label.get_text() for label in axes.get_yticklabels()]
    margin = max((width_of(text, SMALL) for text in said), default=0) + 8
    _place(paper, axes, (left + margin, top + _ABOVE, width - margin - _BESIDE, tall))


def past(
    paper: Sheet, axis: Axis, figure: Figure, ink: Theme, box: tuple[float, float, float, float]
) -> None:
    """Draw the past of a figure into the box."""
    draw_past(_axes(paper, box), axis, figure, ink)


def svg(paper: Sheet, name: str) -> str:
    """Return the sheet as SVG for a page; what it names inside begins with `name`."""
    with mpl.rc_context(_SETTINGS):
        written = io.StringIO()
        paper.savefig(written, format="svg", transparent=True, metadata=_NOTHING)
    text = written.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]+" height="[^"]+"', r"\1", text, count=1)
    text = _FONTS.sub("font-family: inherit", text)
    return theme.with_variables(_NAMES.sub(rf"\g<1>{name}-", text))


def _axes(paper: Sheet, box: tuple[float, float, float, float]) -> Axes:
    axes = paper.add_axes((0, 0, 1, 1), zorder=_ABOVE_CARDS)
    _place(paper, axes, box)
    return axes


def _place(paper: Sheet, axes: Axes, box: tuple[float, float, float, float]) -> None:
    left, top, width, height = box
    whole_width, whole_height = (inches * _POINTS for inches in paper.get_size_inches())
    axes.set_position(
        (
            left / whole_width,
            1 - (top + height) / whole_height,
            width / whole_width,
            height / whole_height,
        )
    )
