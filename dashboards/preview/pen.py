"""Writes and rules on a sheet in pixels of the board, counted from the top left."""

from dataclasses import dataclass
from typing import Final, Literal

from matplotlib.figure import Figure as Sheet
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.transforms import Affine2D

from dashboards.preview.geometry import Box
from dashboards.preview.theme import Theme
from dashboards.preview.typeset import FAMILY

_POINTS: Final = 72
_ROUND: Final = 3.0
_TEXT: Final = 9
"""Above cards and plots."""


@dataclass(frozen=True, slots=True)
class Pen:
    """One sheet, and the colours to use on it."""

    paper: Sheet
    ink: Theme

    def write(  # noqa: PLR0913  # where, and how it looks
        self,
        text: str,
        left: float,
        baseline: float,
        *,
        size: float,
        role: str = "text",
        weight: str = "normal",
        align: Literal["left", "center", "right"] = "left",
    ) -> None:
        """Write a line; sizes and places are pixels."""
        x, y = self._at(left, baseline)
        self.paper.text(
            x,
            y,
            text,
            fontsize=size,
            color=self.ink[role],
            fontweight=weight,
            horizontalalignment=align,
            verticalalignment="baseline",
            family=FAMILY,
            parse_math=False,
            zorder=_TEXT,
        )

    def card(self, box: Box) -> None:
        """Draw the ground of a panel."""
        self._patch(
            FancyBboxPatch(
                (box.left + _ROUND, self._up(box.top + box.height) + _ROUND),
                box.width - 2 * _ROUND,
                box.height - 2 * _ROUND,
                boxstyle=f"round,pad={_ROUND}",
                facecolor=self.ink["panel"],
                edgecolor=self.ink["border"],
                linewidth=1,
            )
        )

    def block(self, box: Box, role: str, alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        lower = (box.left, self._up(box.top + box.height))
        self._patch(
            Rectangle(
                lower, box.width, box.height, facecolor=self.ink[role], alpha=alpha, lw=0, aa=False
            )
        )

    def rule(self, left: float, right: float, top: float, role: str = "border") -> None:
        """Draw a line across."""
        (x, y), (end, _) = self._at(left, top), self._at(right, top)
        self.paper.add_artist(Line2D([x, end], [y, y], color=self.ink[role], linewidth=1))

    def _patch(self, patch: FancyBboxPatch | Rectangle) -> None:
        patch.set_transform(Affine2D().scale(1 / _POINTS) + self.paper.dpi_scale_trans)
        self.paper.add_artist(patch)

    def _up(self, top: float) -> float:
        return float(self.paper.get_size_inches()[1]) * _POINTS - top

    def _at(self, left: float, top: float) -> tuple[float, float]:
        width, height = (float(inches) * _POINTS for inches in self.paper.get_size_inches())
        return left / width, 1 - top / height
