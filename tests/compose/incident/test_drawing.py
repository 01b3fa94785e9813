import math
import re
from itertools import pairwise
from typing import Any

import pytest

from compose.incident.marks import marks, spread
from compose.incident.model import Curve, Moments
from compose.incident.movement import by_movement, moved
from compose.incident.reading import incident
from compose.incident.scale import Frame, offset, round_steps, seconds_steps, shown
from compose.incident.timeline import timeline
from tests.compose.incident.records import sample

_MOMENTS = Moments(-10.0, 4.0, 5.0, 20.0, 30.0, None, 40.0)


def _curve(name: str, before: float, during: float) -> Curve:
    points = [(float(at), during if 0 <= at <= 20 else before) for at in range(-10, 40)]
    return Curve(name, tuple(points))


def test_a_place_outside_stands_at_the_edge() -> None:
    frame = Frame(10, 20, 100, 50, 0, 10, 0, 5)
    assert [frame.x(at) for at in (-5, 0, 5, 99)] == [10, 10, 60, 110]
    assert [frame.y(value) for value in (-1, 0, 5, 9)] == [70, 70, 20, 20]


@pytest.mark.parametrize(("low", "high"), [(0, 0.003), (0, 7), (-2, 3), (0, 1e9), (0, 1)])
def test_steps_hold_all_values(low: float, high: float) -> None:
    steps = round_steps(low, high, "short")
    assert steps[0] <= low
    assert steps[-1] >= high * (1 - 1e-9)
    assert 2 <= len(steps) <= 7
    gaps = {round(b - a, 12) for a, b in pairwise(steps)}
    assert len({round(math.log10(gap), 3) for gap in gaps}) == 1


def test_moments_are_round_and_few() -> None:
    assert seconds_steps(-10.4, 33.0, 7) == [-10, 0, 10, 20, 30]


def test_what_rounds_to_nothing_has_no_sign() -> None:
    texts = [offset(at) for at in (-0.04, 0.0, 5.83, -2.0)]
    assert texts == ["+0.0 s", "+0.0 s", "+5.8 s", "\u22122.0 s"]


def test_a_unit_that_nobody_knows_is_a_plain_number() -> None:
    assert shown(12.3456, "<furlongs>") == "12.3"


def test_numbers_on_a_drawing_never_cover_each_other() -> None:
    places = spread([0.0, 1.0, 2.0, 200.0, 299.0], 0.0, 300.0)
    assert places == sorted(places)
    assert min(b - a for a, b in pairwise(places)) >= 16
    assert places[-1] <= 300.0
    crowded = spread([295.0, 296.0, 300.0], 0.0, 300.0)
    assert crowded[-1] == 300.0
    assert min(b - a for a, b in pairwise(crowded)) >= 16


def test_marks_tell_what_never_came() -> None:
    texts = [one.text for one in marks(Moments(-10, 4.0, 5.0, None, None, None, 40))]
    assert texts[0] == "fault +0.0 s"
    assert texts[3:] == ["repair never", "its window over never", "all clear never"]


def test_what_moved_most_stands_first() -> None:
    still, high, low = _curve("still", 5, 5), _curve("high", 1, 9), _curve("low", 7, 0)
    assert [one.name for one, _ in by_movement([still, low, high], _MOMENTS)] == [
        "high",
        "low",
        "still",
    ]
    how = moved(low, _MOMENTS)
    assert (how.before, how.farthest, how.last) == (7, 0, 7)
    assert moved(still, _MOMENTS).score == 0
    assert how.score > 10


def test_a_line_that_shakes_anyway_has_not_moved() -> None:
    shaking = Curve("shaking", tuple((float(at), float(at % 2)) for at in range(-10, 40)))
    assert moved(shaking, _MOMENTS).score < 1.5


def test_two_moments_that_coincide_lean_on_nobody_else() -> None:
    assert spread([50.0, 100.0, 102.0, 200.0], 0.0, 300.0) == [50.0, 92.5, 109.5, 200.0]
    # The one that they push is of their crowd, and all spread round its middle.
    assert spread([84.0, 100.0, 102.0], 0.0, 300.0) == pytest.approx(
        [95.333 - 17, 95.333, 95.333 + 17], abs=0.01
    )


def test_the_lanes_begin_where_the_longest_name_ends() -> None:
    record = sample()
    short = _left(record)
    for alert in record["alerts"]:
        alert["labels"]["alertname"] = "A"
    assert _left(record) < short


def _left(record: dict[str, Any]) -> float:
    drawing = "".join(timeline(incident(record)))
    bar = re.search(r'<rect class="broken" x="([\d.]+)"|<rect [^>]*x="([\d.]+)"', drawing)
    assert bar is not None
    return float(bar[1] or bar[2])
