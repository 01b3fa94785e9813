"""The arithmetic of verdicts and scorecards, by examples."""

import re
from pathlib import Path
from typing import Any

import pytest

from app import signals
from compose.drill import report
from compose.drill.judging import judged
from compose.drill.record import Record, Verdict
from compose.drill.scorecard import Scorecard
from compose.drill.watch import Notice, Said, of_webhook
from compose.faults.catalogue import FAULTS, named
from compose.markdown import NoPlaceError
from tests.compose.drill.notices import BREAKER, notice

(REDIS,) = named(["redis-down"])
AVAILABILITY = "ApiAvailabilityBudgetBurn"
HOLDING = [{"kind": kind, "holds": True, "alert": "A"} for kind in ("runbook", "graph", "traces")]
LINE = {
    "timestamp": "1970-01-01T00:01:45Z",
    "level": "warning",
    "event": signals.CACHE_UNAVAILABLE.name,
}
TOLD = (notice(104, "firing"), notice(126, "resolved"))


def panel(level: float) -> dict[str, Any]:
    """The panel of the fault: at nothing before it, at `level` while it lasts."""
    points = [[float(at), level if at >= 100 else 0.0] for at in range(85, 130)]
    return {
        "board": "b",
        "board_title": "B",
        "title": "t",
        "answers": "",
        "unit": "short",
        "visual": "timeseries",
        "shows_the_fault": True,
        "queries": [{"legend": "", "series": [{"labels": {}, "points": points}]}],
    }


def verdict_of(*notices: Notice, leftover: tuple[str, ...] = (), **seen: Any) -> Verdict:  # noqa: ANN401  # fields of a record
    moments = {"injected": 100.0, "repaired": 120.0, "returned": 140.0}
    usual: dict[str, Any] = {"links": HOLDING, "lines": [LINE], "panels": [panel(1.0)]}
    record = Record(fault=REDIS, scale=60, moments=dict(moments), **usual | seen)
    return judged(record, notices, 5, leftover)


def test_an_incident_in_which_all_held() -> None:
    verdict = verdict_of(*TOLD)

    assert (verdict.detect_s, verdict.resolve_s, verdict.clear_s) == (4.0, 6.0, 6.0)
    assert (verdict.missing, verdict.false, verdict.broken) == ((), (), ())
    assert verdict.passed
    assert verdict.links_ok


@pytest.mark.parametrize(
    ("notices", "more", "broken"),
    [
        ((), {}, f"{BREAKER} was not told in time by mail"),
        # Told 40 s after the repair, and by webhook alone.
        ((notice(160, "firing", via="webhook"),), {}, f"{BREAKER} was not told in time"),
        ((notice(121, "firing"),), {}, f"{BREAKER} was not told in time"),
        ((notice(104, "firing"),), {}, "not told in time to be over"),
        # Over before the repair is not over by the repair.
        ((notice(104, "firing"), notice(110, "resolved")), {}, "not told in time to be over"),
        # 160 s after the repair, and 75 are allowed; the budgets were given back after 20.
        ((notice(104, "firing"), notice(280, "resolved")), {}, "not told in time to be over"),
        (
            (*TOLD, notice(105, "firing", name=AVAILABILITY)),
            {},
            f"{AVAILABILITY} (sightline-web) was told, and misleads",
        ),
        # A false alarm has no deadline.
        (
            (*TOLD, notice(155, "firing", name="MailFailing", via="webhook")),
            {},
            "MailFailing (sightline-web) was told: it is no part of this",
        ),
        (TOLD, {"links": HOLDING[:2]}, "no link to traces"),
        (TOLD, {"lines": []}, "no line of the log shows it: cache.unavailable"),
        (TOLD, {"panels": [panel(0.0)]}, "the panel does not show it: authorization / Circuit"),
        (TOLD, {"leftover": ("ImportStuck",)}, "still there at the end: ImportStuck"),
        (TOLD, {"troubles": ["mend it: OSError: no"]}, "could not mend it: OSError: no"),
    ],
)
def test_the_link_that_broke_is_named(
    notices: tuple[Notice, ...], more: dict[str, Any], broken: str
) -> None:
    verdict = verdict_of(*notices, **more)

    assert not verdict.passed
    assert any(broken in text for text in verdict.broken), verdict.broken


@pytest.mark.parametrize("more", [{"links": HOLDING[:2]}, {"lines": []}, {"panels": []}])
def test_links_are_those_to_trace_log_and_panel(more: dict[str, Any]) -> None:
    assert not verdict_of(*TOLD, **more).links_ok


def test_a_page_of_a_slower_window_is_no_all_clear() -> None:
    verdict = verdict_of(
        notice(104, "firing 1h"),
        notice(121, "resolved 6h"),
        notice(130, "resolved 1h", "firing 6h"),
    )

    assert (verdict.resolve_s, verdict.clear_s) == (10.0, None)
    assert verdict.passed


def verdict(fault: str, detect: float | None, theory: float, **more: Any) -> Verdict:  # noqa: ANN401  # its fields
    given: dict[str, Any] = {"expected": ("A",), "seen": ("A",), "resolve_s": 10.0} | more
    return Verdict(fault=fault, layer="cache", detect_s=detect, theory_s=theory, **given)


def scorecard(*verdicts: Verdict, **more: Any) -> Scorecard:  # noqa: ANN401  # its fields
    usual: dict[str, Any] = {
        "false_alarms": (),
        "healthy_s": 120,
        "evaluation_s": 1,
        "group_interval_s": 5,
        "scale": 60,
        "whole": True,
        "took_s": 60,
    }
    return Scorecard(verdicts=verdicts, **usual | more)


def test_recall_is_of_the_expected_and_precision_of_the_told() -> None:
    score = scorecard(
        verdict("one", 4, 5, expected=("A", "B"), seen=("A",)),
        verdict("two", 6, 5, effects=("E",)),
        verdict("three", 5, 5, false=("F",)),
        false_alarms=("G",),
    )

    assert score.recall == 3 / 4
    assert score.precision == 3 / 5
    assert score.precision_with_effects == 3 / 6
    assert any("recall is 0.75" in line for line in score.faults)
    assert any("precision is 0.60" in line for line in score.faults)
    assert any("G was told, and nothing was wrong" in line for line in score.faults)


def test_the_median_may_be_two_evaluations_above_the_theory() -> None:
    assert scorecard(verdict("one", 7, 5)).faults == []
    late = scorecard(verdict("one", 7.1, 5))
    assert any("median detection is 7.1 s" in line for line in late.faults)
    # A part of the catalogue has no median to be held to.
    assert scorecard(verdict("one", 7.1, 5), whole=False).faults == []


def test_who_is_told_later_than_rules_and_fault_account_for_is_named() -> None:
    score = scorecard(
        verdict("in-time", 12.0, 5),
        verdict("late", 12.1, 5),
        verdict("slow-by-nature", 32.0, 5, later_s=20.0, why_later="It grows."),
        whole=False,
    )

    assert [one.fault for one in score.late] == ["late"]
    assert score.document()["late"] == ["late"]
    text = report.markdown(score)
    assert "late: late, told after 12.1 s, by the rules and the fault within 5.0 s" in text
    assert "| 12.1, late | 5.0 |" in text
    assert "| 32.0 | 5.0 + 20 |" in text
    assert "- slow-by-nature, 20 s: It grows." in text


def test_all_that_was_told_stands_in_the_table_and_in_the_document() -> None:
    score = scorecard(verdict("one", 5, 5, effects=("E",), false=("F",)))

    assert score.document()["faults"][0]["fired"] == ["A", "E", "F"]
    assert "| one | A | E | F | 5.0 |" in report.markdown(score)
    assert "precision counting effects 0.33" in report.markdown(score)


def test_log_and_panel_are_counted_where_they_can_show_it() -> None:
    score = scorecard(
        verdict("one", 5, 5, log_ok=True, panel_ok=True),
        verdict("two", 5, 5, log_ok=False, panel_ok=None),
    )

    text = report.markdown(score)
    assert "1 of 2 incidents that a log line can show" in text
    assert "1 of 1 incidents that a panel can show" in text
    assert [one["links_ok"] for one in score.document()["faults"]] == [True, False]


def test_only_what_a_trace_can_show_counts_for_the_way_to_it() -> None:
    score = scorecard(
        verdict("one", 5, 5),
        verdict("two", 5, 5, message_ok=False),
        verdict("three", 5, 5, has_trace=False, message_ok=False),
    )

    assert score.led_to_trace == 1 / 2


def test_the_document_is_what_the_design_says() -> None:
    document = scorecard(verdict("one", 4, 5)).document()

    assert document.keys() >= {"faults", "recall", "precision", "false_alarms"}
    assert document["faults"][0].keys() >= {
        "name",
        "expected",
        "fired",
        "detect_s",
        "resolve_s",
        "links_ok",
    }


def test_the_scorecard_replaces_its_block_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(
        f"before\n{report.BLOCK.opening}\nof yesterday\n{report.BLOCK.closing}\nafter\n"
    )

    report.into_readme(scorecard(verdict("redis-down", 4, 5)), page)

    text = page.read_text()
    assert text.startswith(f"before\n{report.BLOCK.opening}\n")
    assert text.endswith(f"{report.BLOCK.closing}\nafter\n")
    assert "| redis-down | A | none | none | 4.0 | 5.0 | 10.0 | - |" in text
    assert "yesterday" not in text


def test_the_readmes_scorecard_is_of_the_whole_catalogue() -> None:
    text = report.README.read_text(encoding="utf-8")
    _, _, rest = text.partition(report.BLOCK.opening)
    block, closing, _ = rest.partition(report.BLOCK.closing)
    names = re.findall(r"^\| ([a-z-]+) \| [^-]", block, re.MULTILINE)

    assert closing
    assert names == ["fault", *(fault.name for fault in FAULTS)]


def test_a_page_without_a_block_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("nothing here\n")

    with pytest.raises(NoPlaceError):
        report.into_readme(scorecard(), page)


def test_a_webhook_says_each_alert_with_its_links() -> None:
    labels = {"alertname": "TargetDown", "severity": "critical", "job": "sightline-web"}
    annotations = {"summary": "Down.", "runbook_url": "http://runbooks/TargetDown"}
    alert = {"status": "firing", "labels": labels, "annotations": annotations}
    kept = {"received": "2026-01-01T00:00:00+00:00", "payload": {"alerts": [alert]}}

    read = of_webhook(kept)

    assert read.said == (Said("firing", "TargetDown", "critical", "sightline-web"),)
    assert read.links == ("http://runbooks/TargetDown",)
