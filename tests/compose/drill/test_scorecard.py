"""The arithmetic of verdicts and scorecards, by examples."""

import re
from pathlib import Path
from typing import Any

import pytest

from compose.drill import report
from compose.drill.judging import judged
from compose.drill.record import Record, Verdict
from compose.drill.scorecard import Scorecard
from compose.drill.watch import Notice, Said, of_webhook
from compose.faults.catalogue import FAULTS, named
from compose.markdown import NoPlaceError

(REDIS,) = named(["redis-down"])
BREAKER, AVAILABILITY = "AuthorizationBreakerOpen", "ApiAvailabilityBudgetBurn"
HOLDING = [{"kind": kind, "holds": True, "alert": "A"} for kind in ("runbook", "graph", "traces")]


def notice(at: float, status: str, name: str = BREAKER, window: str = "") -> Notice:
    return Notice(at, "mail", (Said(status, name, "warning", "sightline-web", window),), (), {})


def verdict_of(
    *notices: Notice, links: list[dict[str, Any]] | None = None, leftover: tuple[str, ...] = ()
) -> Verdict:
    record = Record(fault=REDIS, scale=60, moments={"injected": 100.0, "repaired": 120.0})
    record.links = HOLDING if links is None else links
    return judged(record, notices, 5, leftover)


def test_an_incident_in_which_all_held() -> None:
    verdict = verdict_of(notice(104.0, "firing"), notice(126.0, "resolved"))

    assert (verdict.detect_s, verdict.resolve_s) == (4.0, 6.0)
    assert (verdict.missing, verdict.false, verdict.broken) == ((), (), ())
    assert verdict.passed
    assert verdict.links_ok


@pytest.mark.parametrize(
    ("notices", "more", "broken"),
    [
        ((), {}, f"{BREAKER} was not told"),
        ((notice(104, "firing"),), {}, "not told to be over"),
        # Over before the repair is not over by the repair.
        ((notice(104, "firing"), notice(110, "resolved")), {}, "not told to be over"),
        (
            (notice(104, "firing"), notice(126, "resolved"), notice(105, "firing", AVAILABILITY)),
            {},
            f"{AVAILABILITY} (sightline-web) was told, and misleads",
        ),
        (
            (notice(104, "firing"), notice(126, "resolved"), notice(105, "firing", "MailFailing")),
            {},
            "MailFailing (sightline-web) was told: it is no part of this",
        ),
        (
            (notice(104, "firing"), notice(126, "resolved")),
            {"links": HOLDING[:2]},
            "no link to traces",
        ),
        (
            (notice(104, "firing"), notice(126, "resolved")),
            {"leftover": ("ImportStuck",)},
            "still there at the end: ImportStuck",
        ),
    ],
)
def test_the_link_that_broke_is_named(
    notices: tuple[Notice, ...], more: dict[str, Any], broken: str
) -> None:
    verdict = verdict_of(*notices, **more)

    assert not verdict.passed
    assert any(broken in text for text in verdict.broken), verdict.broken


def test_a_slower_window_that_is_over_is_not_the_one_that_found_the_fault() -> None:
    notices = [
        notice(104, "firing", window="1h"),
        notice(121, "resolved", window="6h"),
        notice(130, "resolved", window="1h"),
    ]

    assert verdict_of(*notices).resolve_s == 10.0


def verdict(fault: str, detect: float | None, theory: float, **more: Any) -> Verdict:  # noqa: ANN401  # its fields
    given: dict[str, Any] = {"expected": ("A",), "seen": ("A",), "resolve_s": 10.0} | more
    return Verdict(fault=fault, layer="cache", detect_s=detect, theory_s=theory, **given)


def scorecard(*verdicts: Verdict, **more: Any) -> Scorecard:  # noqa: ANN401  # its fields
    usual: dict[str, Any] = {
        "false_alarms": (),
        "healthy_s": 120,
        "evaluation_s": 1,
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
    assert any("recall is 0.75" in line for line in score.faults)
    assert any("precision is 0.60" in line for line in score.faults)
    assert any("G was told, and nothing was wrong" in line for line in score.faults)


def test_the_median_may_be_two_evaluations_above_the_theory() -> None:
    assert scorecard(verdict("one", 7, 5)).faults == []
    late = scorecard(verdict("one", 7.1, 5))
    assert any("median detection is 7.1 s" in line for line in late.faults)
    # A part of the catalogue has no median to be held to.
    assert scorecard(verdict("one", 7.1, 5), whole=False).faults == []


def test_only_what_a_trace_can_show_counts_for_the_way_to_it() -> None:
    score = scorecard(
        verdict("one", 5, 5),
        verdict("two", 5, 5, links_ok=False),
        verdict("three", 5, 5, has_trace=False, links_ok=False),
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
    assert "| redis-down | A | 4.0 | 5.0 | 10.0 |" in text
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
