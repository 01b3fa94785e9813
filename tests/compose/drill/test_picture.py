"""The scorecard's picture: who was told in time, late, or not at all."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from compose.drill import picture
from tests.compose.drill.test_scorecard import scorecard, verdict

SVG = "{http://www.w3.org/2000/svg}"


def shown(root: ET.Element, tag: str, class_: str) -> list[ET.Element]:
    return [one for one in root.iter(f"{SVG}{tag}") if one.get("class") == class_]


def test_in_time_late_and_missed_are_told_apart(tmp_path: Path) -> None:
    picture.write(
        scorecard(
            verdict("soon", 4, 5), verdict("late", 40, 5), verdict("never", None, 5, seen=())
        ),
        tmp_path / "drawn.svg",
    )
    root = ET.parse(tmp_path / "drawn.svg").getroot()  # noqa: S314  # our own
    (soon,), (late,) = (shown(root, "circle", kind) for kind in ("in-time", "late"))
    assert len(shown(root, "text", "missed")) == 1

    # 0 is where the bars begin, and the seconds of both dots are as far apart as they were.
    zero = float(shown(root, "rect", "rules")[0].attrib["x"])
    at = [float(dot.attrib["cx"]) - zero for dot in (soon, late)]
    assert at[1] / at[0] == pytest.approx(10, rel=0.01)


def test_a_drill_without_incidents_is_drawn_too() -> None:
    assert "0 incidents" in picture.drawn(scorecard())
