"""What a reader makes out in the pictures: titles, names, headings, bounds in words."""

import io

import pytest
from PIL import Image

from dashboards.boards import BOARDS
from dashboards.grafana import render
from dashboards.layout import placed
from dashboards.model import Board, Reading, Row, Visual
from dashboards.panels import stat
from dashboards.preview import bodies, command, geometry
from dashboards.preview.drawing import sheet
from dashboards.preview.pen import Pen
from dashboards.preview.poster import SHARP, SMALL, _compact
from dashboards.preview.reading import Reader
from dashboards.preview.tables import table
from dashboards.preview.theme import DARK, LIGHT
from dashboards.preview.typeset import width_of, with_both_ends
from dashboards.preview.views import Figures, Table
from dashboards.proof.prometheus import Series
from dashboards.proof.samples import Samples
from dashboards.queries import occurrences, share
from dashboards.readme import README
from telemetry.catalog.http import REQUEST_DURATION
from tests.dashboards.preview_samples import START, WINDOW


def test_a_wide_column_leaves_the_others_their_width() -> None:
    table = Table(("ID", "Duration"), (False, True), (("4bf92f35" * 20, "250 ms"),))

    wide, narrow = bodies._columns(table, 300)

    assert narrow > width_of("Duration", 11.5, "bold")
    assert wide + narrow == pytest.approx(300)


@pytest.mark.parametrize(
    "name", ["sightline-worker 127.0.0.1:9465", "web:9464", "sightline-web web-1.internal:9464"]
)
def test_a_name_that_is_cut_keeps_its_end(name: str) -> None:
    for width in (60, 90, 150, 400):
        cut = with_both_ends(name, 11, width)

        assert width_of(cut, 11) <= width
        assert cut == name or "…" in cut
        assert cut.endswith(name[-3:])


@pytest.mark.parametrize("density", [SMALL, SHARP])
def test_text_is_as_wide_in_a_picture_as_it_was_measured(density: int) -> None:
    text = "Whether the other boards can be believed: what was lost or cut, and where."
    paper = sheet(600, 40)
    paper.patch.set_facecolor(LIGHT["panel"])
    Pen(paper, LIGHT).write(text, 10, 25, size=10.5)

    with Image.open(io.BytesIO(_compact(paper, LIGHT, density))) as file:
        ink = file.convert("L").point([255 * (level < 200) for level in range(256)])
    left, _, right, _ = ink.getbbox() or (0, 0, 0, 0)

    assert (right - left) * SMALL / density == pytest.approx(width_of(text, 10.5), abs=4)


def test_every_title_fits_its_panel() -> None:
    for board in BOARDS:
        for row in placed(board):
            for panel, place in row.panels:
                frame = geometry.box(place, 0)
                assert width_of(panel.title, 12.5, "bold") < frame.width - 20, panel.title


def test_a_value_that_is_a_bound_reads_as_words() -> None:
    panel = stat(
        "Left",
        share(occurrences(REQUEST_DURATION), occurrences(REQUEST_DURATION)),
        readings=(Reading(None, -1, "-100 % or less"), Reading(3, None, "3 or more")),
        answers="How much of it is left?",
        if_wrong="Look at what took it.",
    )
    board = Board(slug="b", title="B", description="B.", rows=(Row("R", (panel,)),))

    def said(value: float) -> str:
        answers = {("b", "Left"): ((Series({}, ((START, value),)),),)}
        view = Reader(Samples(WINDOW, answers, {}, ()), ()).view(board, panel)
        assert isinstance(view, Figures)
        return view.figures[0].text

    assert [said(value) for value in (-1, -0.5, 3)] == ["-100 % or less", "-50%", "3 or more"]
    mappings = render(board)["panels"][1]["fieldConfig"]["defaults"]["mappings"]
    assert [(one["type"], one["options"]["result"]["text"]) for one in mappings] == [
        ("range", "-100 % or less"),
        ("range", "3 or more"),
    ]


def test_the_headings_of_a_table_are_those_of_grafana() -> None:
    (board,) = (board for board in BOARDS if board.slug == "runtime")
    (panel,) = (panel for panel in board.panels if panel.visual is Visual.TABLE)
    (rendered,) = (one for one in render(board)["panels"] if one["type"] == "table")
    labels = {"job": "j", "instance": "i", "service_version": "1", "version": "3"}
    answers = tuple((Series(labels, ((START, 1.0),)),) for _ in panel.queries)

    drawn = table(panel, answers)

    renamed = rendered["transformations"][1]["options"]["renameByName"].values()
    assert sorted(drawn.headings) == sorted(renamed)
    assert "Python version" in drawn.headings


def test_the_readme_shows_or_links_every_board_and_its_picture_is_small() -> None:
    text = README.read_text("utf-8")
    for board in BOARDS:
        shown = [LIGHT, DARK] if board.slug in command.IN_README else [LIGHT]
        for ink in shown:
            file = command.PICTURES / f"board-{board.slug}-{ink.name}.png"
            assert f"docs/pictures/{file.name}" in text
            assert 0 < file.stat().st_size < 250_000, file.name
    assert len(list(command.PICTURES.glob("board-*.png"))) == len(BOARDS) + len(command.IN_README)
