"""A label that nobody declares is found, in queries and in templates; what is declared passes."""

import pytest

from alerts import build, labels, lint
from alerts.clock import Clock

AGE = "report_queue_oldest_age_seconds"


@pytest.mark.parametrize(
    "query",
    [
        f'max by (job, report_queue) ({AGE}{{job="sightline-web", report_queue=~"reports|mail"}})',
        'sum by (le) (rate(http_server_request_duration_seconds_bucket{le="0.5"}[5m]))',
        'increase(alertmanager_notifications_failed_total{integration="email"}[5m])',
        'slo:errors:ratio{slo="api", window="1h"}',
    ],
)
def test_what_is_declared_passes(query: str) -> None:
    assert list(labels.unknown_in_query(query)) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f'{AGE}{{report_line="reports"}}', f"{AGE} has no label report_line"),
        (f'{AGE}{{http_route="/reports"}}', f"{AGE} has no label http_route"),
        (f"max by (job, report_line) ({AGE})", "no series has a label report_line"),
        (f"{AGE} / on (report_line) {AGE}", "no series has a label report_line"),
    ],
)
def test_a_label_that_is_not_there_is_named(query: str, said: str) -> None:
    assert list(labels.unknown_in_query(query)) == [said]


def test_a_template_is_held_to_it_too() -> None:
    assert list(labels.unknown_in_template("{{ $labels.report_queue }} waits")) == []
    assert list(labels.unknown_in_template("{{ $labels.report_line }} waits")) == [
        "no series has a label report_line"
    ]


def test_the_rules_are_held_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = build.groups(build.Options())
    monkeypatch.setattr(labels, "_SOMEBODYS", labels._SOMEBODYS - {"report_queue"})

    said = list(lint.problems(groups, Clock()))

    assert "ReportQueueDelayed: no series has a label report_queue" in {
        line for line in said if line.startswith("ReportQueueDelayed")
    }
