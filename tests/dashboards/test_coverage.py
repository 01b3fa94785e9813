"""Boards and catalog cover each other: every metric is on a panel or excused, none is both."""

from app import signals
from dashboards.boards import BOARDS
from dashboards.coverage import gaps
from dashboards.metrics import QUERIED
from dashboards.unplotted import UNPLOTTED
from telemetry.catalog import Counter, Metric, runtime


def test_there_is_no_gap() -> None:
    assert list(gaps(BOARDS, QUERIED, UNPLOTTED)) == []


def test_a_metric_without_panel_or_reason_is_found() -> None:
    new = Counter(name="mail.bounces", unit="{mail}", description="Mails that came back.")

    assert list(gaps(BOARDS, (*QUERIED, new), UNPLOTTED)) == [
        "mail.bounces is on no panel and has no reason in dashboards/unplotted.py"
    ]


def test_a_metric_with_panel_and_reason_is_found() -> None:
    excused = {**UNPLOTTED, runtime.CPU_TIME: "It is dull."}

    assert list(gaps(BOARDS, QUERIED, excused)) == [
        "process.cpu is on a panel and in dashboards/unplotted.py: take it out there"
    ]


def test_a_metric_that_left_the_catalog_is_found() -> None:
    kept = tuple(metric for metric in QUERIED if metric is not signals.EPOCH_AGE)

    assert list(gaps(BOARDS, kept, UNPLOTTED)) == [
        "authorization.epoch.age is asked or excused here, but is in no catalog"
    ]


def test_an_excuse_needs_a_sentence() -> None:
    excused: dict[Metric, str] = {**UNPLOTTED, runtime.VIRTUAL_MEMORY: "dull"}

    assert list(gaps(BOARDS, QUERIED, excused)) == [
        "process.virtual_memory is excused without a sentence of a reason"
    ]
