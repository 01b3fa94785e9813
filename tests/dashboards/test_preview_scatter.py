"""Traces as points of a picture: what is named there, and how much room they have."""

import pytest

from dashboards.preview import drawing
from dashboards.preview.scatter import draw_scatter
from dashboards.preview.theme import LIGHT
from dashboards.preview.views import Dot, Scatter


@pytest.mark.parametrize("names", ["beside", "over each other"])
def test_a_name_covers_neither_a_point_nor_another_name(names: str) -> None:
    apart = 0.4 if names == "beside" else 0.01
    dots = tuple(Dot(-10, 1 - number * apart, f"trace {number}") for number in range(3))
    axes = drawing.sheet(400, 300).add_axes((0, 0, 1, 1))

    draw_scatter(axes, Scatter("s", "x", dots), LIGHT, (400, 300))

    named = {"beside": ["trace 0", "trace 1", "trace 2"], "over each other": []}[names]
    assert [text.get_text() for text in axes.texts] == named


@pytest.mark.parametrize(
    ("starts", "ends"),
    [([-300], (-600, 0)), ([-50, -30], (-52, -28)), ([-50, -1], (-54.9, 0)), ([0], (-1, 0))],
)
def test_points_have_room_around_them(starts: list[float], ends: tuple[float, float]) -> None:
    axes = drawing.sheet(400, 300).add_axes((0, 0, 1, 1))
    dots = tuple(Dot(start, 0, "trace") for start in starts)

    draw_scatter(axes, Scatter("s", "x", dots), LIGHT, (400, 300))

    assert axes.get_xlim() == pytest.approx(ends)
    assert axes.get_ylim() == (0, 1)
