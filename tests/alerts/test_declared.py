"""What nobody declares is found, in queries and in templates; what is declared passes."""

import pytest

from alerts import build, declared, lint
from alerts.clock import Clock
from app import signals

AGE = "report_queue_oldest_age_seconds"


@pytest.mark.parametrize(
    "query",
    [
        f'max by (job, report_queue) ({AGE}{{job="sightline-web", report_queue=~"reports|mail"}})',
        'sum by (le) (rate(http_server_request_duration_seconds_bucket{le="0.5"}[5m]))',
        'increase(alertmanager_notifications_failed_total{integration="email"}[5m])',
        'slo:errors:ratio{slo="api-availability", window="1h"}',
        'ALERTS{alertname="Watchdog", alertstate="firing"}',
        'sum(rate(telemetry_log_lines_total{error_type=""}[5m]))',
        'authorization_cache_breaker{authorization_cache_breaker_state=~"half_open|open"}',
    ],
)
def test_what_is_declared_passes(query: str) -> None:
    assert list(declared.unknown_in_query(query)) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f'{AGE}{{report_line="reports"}}', f"{AGE} has no label report_line"),
        (f'{AGE}{{http_route="/reports"}}', f"{AGE} has no label http_route"),
        (f"max by (job, report_line) ({AGE})", "no series has a label report_line"),
        (f"{AGE} / on (report_line) {AGE}", "no series has a label report_line"),
        ('upp{job="jaeger"}', "no signal is called upp"),
        (f"avg_over_time({AGE}s[5m])", f"no signal is called {AGE}s"),
        (
            f'{AGE}{{report_queue="letters"}}',
            f"{AGE}: label report_queue never has the value 'letters'",
        ),
        (
            f'{AGE}{{report_queue=~"reports|letters"}}',
            f"{AGE}: label report_queue never has the value 'letters'",
        ),
        ('up{job="sightline-wbe"}', "up: label job never has the value 'sightline-wbe'"),
        (
            'slo:errors:ratio{slo="api", window="1h"}',
            "slo:errors:ratio: label slo never has the value 'api'",
        ),
        (
            'slo:errors:ratio{window="2d"}',
            "slo:errors:ratio: label window never has the value '2d'",
        ),
        (f"rate({AGE}[5m])", f"rate of {AGE}, which is a gauge"),
        (f'increase({AGE}{{report_queue="mail"}}[5m])', f"increase of {AGE}, which is a gauge"),
    ],
)
def test_what_is_not_there_is_named(query: str, said: str) -> None:
    assert list(declared.unknown_in_query(query)) == [said]


def test_a_template_is_held_to_it_too() -> None:
    assert list(declared.unknown_in_template("{{ $labels.report_queue }} waits")) == []
    assert list(declared.unknown_in_template("{{ $labels.report_line }} waits")) == [
        "no series has a label report_line"
    ]


def test_the_rules_are_held_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = build.groups(build.Options())
    monkeypatch.setattr(declared, "_SOMEBODYS", declared._SOMEBODYS - {"report_queue"})

    said = list(lint.problems(groups, Clock()))

    assert "ReportQueueDelayed: no series has a label report_queue" in {
        line for line in said if line.startswith("ReportQueueDelayed")
    }


def test_a_histogram_is_known_by_its_series_and_not_by_its_name() -> None:
    assert f"{signals.CHECK_DURATION.prometheus_name}_bucket" in declared.SERIES
    assert signals.CHECK_DURATION.prometheus_name not in declared.SERIES
