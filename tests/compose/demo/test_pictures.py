import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console

from compose.demo.pictures import Pictures
from compose.demo.screen import Screen


def test_each_chapter_becomes_a_picture_of_its_own(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80, record=True)
    screen = Screen(console, Pictures(console, tmp_path))
    screen.chapter(0, "First things first")
    screen.held("a link", "an [ID] & <more>")
    screen.chapter(1, "Then the second")
    screen.chapter(2, "The end")

    first, second = sorted(tmp_path.iterdir())
    assert (first.name, second.name) == ("demo-first-things-first.svg", "demo-then-the-second.svg")
    text = "".join(ET.fromstring(first.read_text()).itertext())  # noqa: S314  # our own file
    assert "[ID]" in text.replace("\xa0", " ")
    assert "a link" in text.replace("\xa0", " ")
    assert "second" not in text


def test_a_picture_fetches_nothing(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80, record=True)
    screen = Screen(console, Pictures(console, tmp_path))
    screen.chapter(0, "One")
    screen.chapter(1, "Two")
    svg = (tmp_path / "demo-one.svg").read_text()
    assert not re.findall(r"url\(\s*['\"]?https?:|href=|@font-face|@import", svg)
