"""Places on the grid are computed: full lines, no overlap, collapsed rows take one line."""

from app.signals import QUEUE_DEPTH
from dashboards.boards import BOARDS
from dashboards.grafana import render
from dashboards.layout import Place, placed
from dashboards.lint.board_rules import layout
from dashboards.model import Board, Panel, Row
from dashboards.panels import stat
from dashboards.queries import gauge


def _panel(title: str, width: int, height: int = 4) -> Panel:
    return stat(
        title,
        gauge(QUEUE_DEPTH, "max"),
        answers="How?",
        if_wrong="So.",
        width=width,
        height=height,
    )


def _board(*rows: Row) -> Board:
    return Board(slug="test", title="Test", description="A test.", rows=rows)


def test_lines_break_and_follow_the_highest_panel() -> None:
    row = Row("One", (_panel("a", 12, 8), _panel("b", 8), _panel("c", 8), _panel("d", 24)))

    (found,) = placed(_board(row))

    assert found.heading == Place(0, 0, 24, 1)
    assert [place for _, place in found.panels] == [
        Place(0, 1, 12, 8),
        Place(12, 1, 8, 4),
        Place(0, 9, 8, 4),
        Place(0, 13, 24, 4),
    ]


def test_a_collapsed_row_takes_one_line_and_places_its_panels() -> None:
    board = _board(
        Row("Closed", (_panel("a", 12),), collapsed=True), Row("Open", (_panel("b", 12),))
    )

    closed, open_ = placed(board)

    assert closed.panels[0][1] == Place(0, 1, 12, 4)
    assert open_.heading == Place(0, 1, 24, 1)
    rendered = render(board)
    assert rendered["panels"][0]["panels"][0]["gridPos"] == {"x": 0, "y": 1, "w": 12, "h": 4}
    assert list(layout(rendered)) == []


def test_the_lines_of_every_board_are_full() -> None:
    for board in BOARDS:
        for row in placed(board):
            lines: dict[int, int] = {}
            for _, place in row.panels:
                lines[place.y] = lines.get(place.y, 0) + place.w
            assert set(lines.values()) == {24}, (board.slug, row.row.title)
