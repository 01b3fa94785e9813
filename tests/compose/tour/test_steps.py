import json
from dataclasses import replace
from pathlib import Path

from compose.incident.model import Incident
from compose.incident.reading import incident
from compose.incident.sample import SAMPLE
from compose.tour.runbook import runbook
from compose.tour.sparkline import ruler, sparkline
from compose.tour.steps import steps

_POINTS = tuple((float(at), float(at)) for at in range(8))


def _sample() -> Incident:
    return incident(json.loads(SAMPLE.read_text(encoding="utf-8")))


def test_the_walk_goes_from_the_page_to_the_log() -> None:
    every = {one.title: "\n".join(one.lines) for one in steps(_sample())}
    assert list(every) == [
        "The page",
        "The runbook",
        "The panel",
        "The exemplar",
        "The trace",
        "The log",
    ]
    assert "Subject: [FIRING] ApiAvailabilityBudgetBurn" in every["The page"]
    assert "MEANING" in every["The runbook"]
    assert "Share of the pool in use" in every["The panel"]
    assert "pool.acquire" in every["The trace"]
    trace_id = every["The exemplar"].rpartition(" ")[2]
    assert f"trace {trace_id}" in every["The trace"]
    assert f"trace_id={trace_id}" in every["The log"]


def test_the_lines_of_the_trace_come_before_any_warning() -> None:
    whole = _sample()
    traced = next(line for line in whole.lines if line.trace_id == whole.traces[0].trace_id)
    loud = replace(traced, trace_id="another", event="loud.warning", level="warning")
    [log] = [one for one in steps(replace(whole, lines=(loud, traced))) if one.title == "The log"]
    assert len(log.lines) == 1
    assert "loud" not in log.lines[0]
    [log] = [one for one in steps(replace(whole, lines=(loud,))) if one.title == "The log"]
    assert "loud" in log.lines[0]


def test_no_step_tells_the_cause() -> None:
    whole = _sample()
    assert whole.breaks not in "\n".join(line for one in steps(whole) for line in one.lines)


def test_a_record_with_nothing_in_it_has_no_steps() -> None:
    empty = replace(_sample(), messages=(), panels=(), traces=(), lines=())
    assert list(steps(empty)) == []


def test_a_line_is_as_high_as_its_highest_value() -> None:
    assert sparkline(_POINTS, 0, 8, 8, 7.0) == "▁▂▃▄▅▆▇█"
    assert sparkline(_POINTS, 0, 8, 4, 7.0) == "▂▄▆█"
    assert sparkline(((4.0, 1.0),), 0, 8, 8, 1.0) == "    █   "
    assert sparkline(((0.0, 0.0), (1.0, -5.0)), 0, 2, 2, 0.0) == "▁▁"


def test_a_slot_between_two_samples_is_no_gap() -> None:
    assert sparkline(((0.0, 1.0), (2.0, 1.0)), 0, 6, 6, 1.0) == "███   "


def test_a_mark_stands_under_its_moment() -> None:
    assert ruler([(2.5, "P"), (99, "E")], 0, 8, 8) == "  P    E"


def test_a_runbook_says_its_meaning_and_diagnosis_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "Alpha.md").write_text(
        "# Alpha\n\nframe\n\n## Meaning\n\nIt is so.\n\n## Impact\n\nhurts\n\n"
        "## Diagnosis\n\n1. Look.\n\n```promql\nup\n```\n\n2. Again.\n"
    )
    assert runbook("Alpha", folder) == [
        *("MEANING", "", "It is so.", "", "DIAGNOSIS", "", "1. Look.", "", "2. Again.")
    ]
    (tmp_path / "Secret.md").write_text("## Meaning\n\nsecret\n")
    assert runbook("../Secret", folder) == []
    assert runbook("Beta", folder) == []
