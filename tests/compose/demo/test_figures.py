"""What the demo took stands in README.md as the pictures beside it have it."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from compose.demo.figures import BLOCK, README, Figures
from compose.demo.scenario import Times
from compose.demo.screen import place_of
from compose.markdown import NoPlaceError

PICTURES = README.parent / "docs" / "pictures"
FIGURES = Figures(
    ready_seconds=4.12,
    times=Times(5.06, 6.61, 1.2, 9.87, broken_at=0.0, repaired_at=0.0),
    whole_seconds=28.3,
    start_seconds={"web": 1.0, "jaeger": 0.5},
    peak_bytes={"web": 70 * 1024 * 1024},
)


def text_of(picture: str) -> str:
    root = ET.fromstring((PICTURES / picture).read_text())  # noqa: S314  # our own file
    return "".join(root.itertext()).replace("\xa0", " ")


def test_they_replace_their_block_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BLOCK.opening}\nof yesterday\n{BLOCK.closing}\nafter\n")

    FIGURES.into_readme(page)

    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| fault \u2192 mail | 6.6 |" in text
    assert "| web | 1.0 | 70 |" in text
    assert "| jaeger | 0.5 | - |" in text
    assert "yesterday" not in text


def test_a_page_without_a_place_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("nothing here\n")

    with pytest.raises(NoPlaceError):
        FIGURES.into_readme(page)


@pytest.mark.parametrize(
    ("row", "picture", "said"),
    [
        (
            "fault \u2192 alert fires",
            "demo-something-breaks-postgresql.svg",
            r"fires in Prometheus ([\d.]+) s after",
        ),
        (
            "fault \u2192 mail",
            "demo-something-breaks-postgresql.svg",
            r"delivered ([\d.]+) s after the fault",
        ),
        (
            "repair \u2192 resolved mail",
            "demo-the-repair-postgresql.svg",
            r"resolved ([\d.]+) s after the repair",
        ),
    ],
)
def test_the_readmes_figures_are_the_pictures(row: str, picture: str, said: str) -> None:
    shown = re.search(said, text_of(picture))
    written = re.search(rf"^\| {row} \| ([\d.]+) \|$", README.read_text("utf-8"), re.MULTILINE)

    assert shown is not None
    assert written is not None
    assert written[1] == shown[1]


@pytest.mark.parametrize("picture", [file.name for file in sorted(PICTURES.glob("demo-*.svg"))])
def test_no_picture_tells_where_it_was_drawn(picture: str) -> None:
    text = text_of(picture)
    assert str(README.parent) not in text
    assert not re.search(r"(?<![\w.:/])/(?:work|home|root|tmp|usr|Users|opt)/", text)


def test_a_place_in_the_project_is_told_from_its_top() -> None:
    assert place_of(README.parent / "build" / "demo" / "x.html") == "build/demo/x.html"
    assert place_of(Path("/elsewhere/x.html")) == "/elsewhere/x.html"
