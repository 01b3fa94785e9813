"""The pictures show each kind of panel with its own figures, where Grafana would have it."""

import io
import math
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from dashboards.boards import BOARDS
from dashboards.grafana import render
from dashboards.model import Board, Panel, Visual
from dashboards.preview import command, geometry, theme
from dashboards.preview.page import page
from dashboards.preview.poster import SMALL, poster
from dashboards.preview.reading import Reader
from dashboards.preview.theme import DARK, LIGHT, Theme
from dashboards.preview.views import Figures, Heat, Items, Lines, Scatter, Table, View, marks
from dashboards.proof import samples as kept_samples
from dashboards.proof.samples import Samples
from tests.dashboards.preview_samples import BOARD, SAMPLES, SECONDS, START, WINDOW

_SVG = "{http://www.w3.org/2000/svg}"
_TITLES = {panel.title: panel for panel in BOARD.panels}


@pytest.fixture(scope="module")
def views() -> dict[str, View]:
    reader = Reader(SAMPLES, (BOARD,))
    return {panel.title: reader.view(BOARD, panel) for panel in BOARD.panels}


@pytest.fixture(scope="module")
def html(views: dict[str, View]) -> str:
    return page(BOARD, views, "a minute", (BOARD,))


@pytest.fixture(scope="module")
def sections(html: str) -> dict[str, ET.Element]:
    """Each panel's part of the page, by its title; read as XML, so the page is well formed."""
    found = {}
    for section in ET.fromstring(html).iter("section"):  # noqa: S314  # our own page
        title = section.find("h3/*[@class='title']")
        assert title is not None
        found[str(title.text)] = section
    return found


def _words(element: ET.Element) -> list[str]:
    return [text.strip() for text in element.itertext() if text.strip()]


def _rows(section: ET.Element) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in section.iter("tr")]


def test_the_samples_have_every_kind_of_panel() -> None:
    assert {panel.visual for panel in BOARD.panels} == set(Visual)


@pytest.mark.parametrize("board", [BOARD, *BOARDS], ids=lambda board: board.slug)
def test_every_panel_stands_where_grafana_puts_it(board: Board) -> None:
    reader = Reader(Samples(WINDOW, {}, {}, ()), (board,))
    views = {panel.title: reader.view(board, panel) for panel in board.panels}
    root = ET.fromstring(page(board, views, "", BOARDS))  # noqa: S314  # our own page

    places = {}
    for panel in render(board)["panels"]:
        at = panel["gridPos"]
        area = f"{at['y'] + 1} / {at['x'] + 1} / span {at['h']} / span {at['w']}"
        places[panel["title"], panel["type"] == "row"] = f"grid-area: {area}"
    drawn: dict[tuple[str | None, bool], str | None] = {}
    for heading in root.iter("h2"):
        drawn[heading.text, True] = heading.get("style")
    for section in root.iter("section"):
        title = section.find("h3/*[@class='title']")
        drawn[title.text if title is not None else None, False] = section.get("style")
    assert drawn == places


def test_a_page_asks_for_nothing_outside(html: str) -> None:
    links = set(re.findall(r'(?:href|src)="([^"]*)"', html))

    assert {link for link in links if not link.startswith("#")} == {"shown.html"}
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))
    assert "@import" not in html
    assert set(re.findall(r"https?://[^\"' ]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_names_inside_a_page_are_its_own(html: str) -> None:
    names = re.findall(r'\bid="([^"]*)"', html)
    used = re.findall(r'(?:url\(|href=")#([^")]*)', html)

    assert len(names) == len(set(names))
    assert used
    assert set(used) <= set(names)


def test_a_page_takes_its_colours_from_one_place(html: str) -> None:
    assert not [colour for colour in theme.STAND_IN.colours.values() if colour in html]
    body = html[html.index("<main>") :]
    assert re.findall(r"#[0-9a-f]{6}\b", body) == []
    for role in set(re.findall(r"var\(--([\w-]+)\)", html)):
        assert f"--{role}:light-dark({LIGHT[role]},{DARK[role]})" in html


def test_a_description_is_behind_each_title(sections: dict[str, ET.Element]) -> None:
    for title, section in sections.items():
        tip = section.find("h3/*[@role='tooltip']")
        assert tip is not None
        panel = _TITLES[title]
        assert _words(tip) == [panel.answers, "If it looks wrong:", panel.if_wrong]


def test_a_legend_has_latest_and_highest_in_the_units_of_grafana(
    sections: dict[str, ET.Element],
) -> None:
    assert _rows(sections["By route"]) == [
        ["Name", "Last *", "Max"],
        ["/large <b>", "1.23 K req/s", "1.50 K req/s"],
        ["/small", "2.50 req/s", "2.50 req/s"],
    ]
    assert _rows(sections["Duration"])[1:] == [
        ["p99", "250 ms", "250 ms"],
        ["p50", "12.3 ms", "12.3 ms"],
    ]


def test_axes_are_named_in_the_panel_s_unit(sections: dict[str, ET.Element]) -> None:
    drawn = {
        title: [text.text for text in section.iter(f"{_SVG}text")]
        for title, section in sections.items()
    }

    assert {"0 req/s", "500 req/s", "1.5 K req/s"} <= set(drawn["By route"])
    assert {"0 s", "100 ms", "200 ms"} <= set(drawn["Duration"])
    assert {"25 ms", "100 ms", "+Inf"} <= set(drawn["All of it"])
    assert "08:00:30" in drawn["Duration"]


def test_a_stat_has_the_latest_value_in_the_colour_of_its_step(
    sections: dict[str, ET.Element], views: dict[str, View]
) -> None:
    value = sections["Errors"].find(".//b")
    assert value is not None
    assert value.text == "1.25%"
    assert "var(--bad)" in str(value.get("style"))
    requests = views["Requests"]
    assert isinstance(requests, Figures)
    assert [(one.text, one.role, one.name) for one in requests.figures] == [
        ("66.3 req/s", "text", "")
    ]


def test_a_gap_is_no_line_and_thresholds_and_alerts_are_drawn_in(views: dict[str, View]) -> None:
    view = views["Duration"]
    assert isinstance(view, Lines)

    assert math.isnan(view.lines[1].values[SECONDS // 3])
    assert view.lines[1].last == 0.25
    assert view.fired == ((START + 3, START + 9), (START + 20, START + SECONDS))
    assert view.exemplars == ((START + 10.5, 0.09),)


def test_a_threshold_is_a_line_in_its_colour(sections: dict[str, ET.Element]) -> None:
    dashed = "stroke-dasharray: 6,4"

    def drawn(title: str) -> str:
        return ET.tostring(sections[title], encoding="unicode")

    assert re.search(rf"{dashed}[^\"]*stroke: var\(--bad\)", drawn("Duration"))
    assert dashed not in drawn("By route")


def test_a_heatmap_shows_what_fell_into_each_bucket(views: dict[str, View]) -> None:
    view = views["All of it"]
    assert isinstance(view, Heat)

    assert view.bounds == (0.025, 0.1, math.inf)
    assert [row[5] for row in view.rows] == [3.0, 5.0, 2.0]


def test_a_table_joins_its_queries(sections: dict[str, ET.Element], views: dict[str, View]) -> None:
    assert isinstance(views["Processes"], Table)
    assert _rows(sections["Processes"]) == [
        ["Job", "Version", "Up for"],
        ["stranger", "", "2 hours"],
        ["worker", "1.3", "1.50 mins"],
        ["web", "1.2", ""],
    ]


def test_a_trace_is_a_point_with_its_name(
    sections: dict[str, ET.Element], views: dict[str, View]
) -> None:
    view = views["Traces"]
    assert isinstance(view, Scatter)
    assert [(dot.at, dot.value) for dot in view.dots] == [(-55.75, 2_500_000), (-59, 750_000)]

    drawn = sections["Traces"]
    points = [group for group in drawn.iter(f"{_SVG}g") if "-trace-" in group.get("id", "")]
    titles = [group.findtext(f"{_SVG}title") for group in points]
    assert titles == ["web: POST /slow, 2.50 s", "web: GET /<slow>, 750 ms"]
    assert _words(drawn)[-1] == "Start, in seconds from the end of the range"
    assert _words(sections["No traces"])[-1] == "None was"


def test_the_slowest_traces_are_named_on_the_picture_too(sections: dict[str, ET.Element]) -> None:
    written = [text.text for text in sections["Traces"].iter(f"{_SVG}text")]

    assert "web: POST /slow, 2.50 s" in written
    assert "web: GET /<slow>, 750 ms" in written


def test_the_marks_on_the_plots_are_explained(html: str, views: dict[str, View]) -> None:
    assert [says for _, says in marks(views.values())] == [
        "an alert fires",
        "an exemplar, which opens its trace",
    ]
    assert marks([views["Alerts"], views["Errors"]]) == ()
    assert "an alert fires</span>" in html


def test_lists_have_the_alerts_of_the_moment_and_the_boards(views: dict[str, View]) -> None:
    found, boards = views["Alerts"], views["Boards"]
    assert isinstance(found, Items)
    assert isinstance(boards, Items)

    assert [(one.title, one.state, one.role) for one in found.items] == [
        ("Down", "Firing for 40 s", "bad"),
        ("Slow", "Pending for 10 s", "weak"),
    ]
    assert [(one.title, one.slug) for one in boards.items] == [
        ("Sightline / Shown & told", "shown")
    ]


def test_a_panel_without_samples_says_so(sections: dict[str, ET.Element]) -> None:
    assert _words(sections["Unknown"])[-1] == "No data"
    assert _words(sections["Unheard"])[-1] == "None at all"


@pytest.mark.parametrize("ink", [DARK, LIGHT], ids=lambda ink: ink.name)
def test_a_picture_file_has_every_panel_at_its_place(views: dict[str, View], ink: Theme) -> None:
    drawn = poster(BOARD, views, "a minute", ink, SMALL)
    with Image.open(io.BytesIO(drawn)) as file:
        assert file.format == "PNG"
        picture = file.convert("RGB")

    assert picture.width == geometry.WIDTH
    for title, colours in {
        "Alerts": ["bad", "text"],
        "Boards": ["link"],
        "Errors": ["bad"],
        "By route": ["series-0", "series-1", "weak"],
        "Duration": ["blue", "orange", "exemplar"],
        "All of it": ["heat", "hot-exemplar"],
        "Processes": ["link", "text"],
        "Traces": ["exemplar", "text"],
        "Unknown": ["weak"],
    }.items():
        box = _box_in(picture, _TITLES[title])
        assert box.getpixel((3, box.height // 2)) == _near(ink["panel"], box), title
        for role in colours:
            assert _has(box, ink[role]), (title, role)


def test_draw_writes_every_board_and_names_what_is_empty(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "board-gone-light.png").touch()
    (pictures / "demo.svg").touch()
    (readme,) = (board for board in BOARDS if board.slug == "slos")
    assert readme.slug in command.IN_README

    empty = list(command.draw(SAMPLES, (BOARD, readme), tmp_path / "out", pictures))

    assert empty[:3] == [
        "shown, panel 'No traces': None was",
        "shown, panel 'Unknown': No data",
        "shown, panel 'Unheard': None at all",
    ]
    assert len(empty) == 3 + len(readme.panels)
    written = {file.name for file in (tmp_path / "out").iterdir()}
    assert written == {
        f"{slug}{end}" for slug in ("shown", "slos") for end in (".html", "-dark.png", "-light.png")
    }
    assert {file.name for file in pictures.iterdir()} == {
        "demo.svg",
        "board-shown-light.png",
        "board-slos-dark.png",
        "board-slos-light.png",
    }


def test_without_samples_the_command_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(kept_samples.read, "__defaults__", (tmp_path / "none.json.gz",))

    assert command.run() == 2
    assert "python -m dashboards prove" in capsys.readouterr().out


def _box_in(picture: Image.Image, panel: Panel) -> Image.Image:
    place = next(one["gridPos"] for one in render(BOARD)["panels"] if one["title"] == panel.title)
    column = (geometry.WIDTH - 32 - 23 * 8) / 24
    top = picture.height - 16 - (38 * _rows_of_board() - 8) + place["y"] * 38
    left = 16 + place["x"] * (column + 8)
    right = left + place["w"] * (column + 8) - 8
    return picture.crop((int(left), int(top), int(right), int(top + 38 * place["h"] - 8)))


def _rows_of_board() -> int:
    places = [one["gridPos"] for one in render(BOARD)["panels"]]
    return max(int(at["y"] + at["h"]) for at in places)


def _near(colour: str, box: Image.Image) -> object:
    """The palette's colour for it: each channel differs by a few steps at most."""
    wanted = _channels(colour)
    found = box.getpixel((3, box.height // 2))
    assert isinstance(found, tuple)
    assert max(abs(one - other) for one, other in zip(found, wanted, strict=True)) <= 6
    return found


def _has(box: Image.Image, colour: str) -> bool:
    wanted = _channels(colour)
    return any(
        max(abs(one - other) for one, other in zip(found, wanted, strict=True)) <= 40
        for _, found in box.getcolors(box.width * box.height) or []
        if isinstance(found, tuple)
    )


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))
