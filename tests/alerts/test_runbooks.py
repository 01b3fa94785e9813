"""The runbooks: one for each alert, frame generated, substance written by people, links alive."""

from pathlib import Path

import pytest

from alerts import build, runbooks_check
from alerts.rules import alerts_of
from alerts.runbooks_frame import CLOSE, SECTIONS, hand_written, sections, with_frames

RULES = alerts_of(build.groups(build.Options()))
NAMES = {rule.name for rule in RULES}
GOOD = (build.RUNBOOKS / "TargetDown.md").read_text()


def test_the_runbooks_are_in_order() -> None:
    assert list(runbooks_check.problems(NAMES, build.RUNBOOKS)) == []


def test_a_missing_and_an_orphaned_runbook_are_named(tmp_path: Path) -> None:
    (tmp_path / "Orphan.md").write_text(GOOD)

    found = list(runbooks_check.problems({"Missing"}, tmp_path))

    assert found == ["no runbook for Missing", "runbook Orphan: no such alert"]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("## Impact", "## Effects", "the sections are"),
        ("## Meaning\n", "## Meaning\n\nIt is down.\n\n## Aside\n", "the sections are"),
        ("Does the process", "TODO: does the process", "TODO is a promise"),
        ("up{job", "upp{job", "no signal is called upp"),
        ("|jaeger", "|jeager", "label job never has the value 'jeager'"),
        ("[1h])\n", "[1h]))\n", "promtool cannot read"),
        ("```promql", "```", "Diagnosis has no query"),
    ],
)
def test_what_is_wrong_with_a_text_is_named(before: str, after: str, problem: str) -> None:
    assert before in hand_written(GOOD)
    frame, written = GOOD.partition(CLOSE)[0], hand_written(GOOD)
    spoilt = f"{frame}{CLOSE}\n\n{written.replace(before, after)}"

    found = list(runbooks_check.text_problems(spoilt))

    assert any(problem in line for line in found), found


@pytest.mark.parametrize("title", SECTIONS)
def test_a_short_section_is_named(title: str) -> None:
    spoilt = GOOD.replace(sections(GOOD)[title], "It is down.")

    assert f"{title} says too little to be of use" in list(runbooks_check.text_problems(spoilt))


def test_a_frame_is_renewed_and_what_people_wrote_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "TargetDown.md"
    path.write_text(GOOD.replace("| sightline-web | 2m |", "| sightline-web | 9m |"))

    renewed = with_frames([rule for rule in RULES if rule.name == "TargetDown"], tmp_path)

    assert renewed == {path: GOOD}


def test_a_new_alert_gets_a_page_that_the_check_does_not_take(tmp_path: Path) -> None:
    (text,) = with_frames([RULES[0]], tmp_path).values()

    assert tuple(sections(text)) == SECTIONS
    assert len(list(runbooks_check.text_problems(text))) == 5
