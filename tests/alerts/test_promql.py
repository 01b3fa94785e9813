"""Rules are made of declarations, and wrong questions are refused with a clear message."""

from collections.abc import Callable

import pytest

from alerts import naming, promql, recorded
from alerts.targets import SERVICE_JOBS, WEB, WORKER
from app import signals
from app.objectives import API_AVAILABILITY
from telemetry.catalog import DeclarationError, Label, Matcher, database, http, runtime

_L1 = Matcher(signals.LAYER, "=", "l1")
_JOB = 'job="sightline-worker"'


@pytest.mark.parametrize(
    ("asked", "expression"),
    [
        (
            promql.level(signals.QUEUE_AGE, WORKER.jobs),
            f"report_queue_oldest_age_seconds{{{_JOB}}}",
        ),
        (
            promql.level_over_time("min", signals.QUEUE_AGE, "5m", WORKER.jobs),
            f"min_over_time(report_queue_oldest_age_seconds{{{_JOB}}}[5m])",
        ),
        (
            promql.total(runtime.CPU_TIME, SERVICE_JOBS),
            'process_cpu_seconds_total{job=~"sightline-web|sightline-worker"}',
        ),
        (
            promql.rate(signals.CACHE_LOOKUPS, "1m", WORKER.jobs, _L1),
            (
                f"rate(authorization_cache_lookups_total{{{_JOB}, "
                'authorization_cache_layer="l1"}[1m])'
            ),
        ),
        (
            promql.increase(http.REQUEST_DURATION, "1h", WORKER.jobs),
            f"increase(http_server_request_duration_seconds_count{{{_JOB}}}[1h])",
        ),
        (
            promql.increase_within(http.REQUEST_DURATION, 0.1, "1h", WORKER.jobs),
            f'increase(http_server_request_duration_seconds_bucket{{{_JOB}, le="0.1"}}[1h])',
        ),
        (
            promql.by(signals.QUEUE_AGE, promql.JOB, promql.INSTANCE, signals.QUEUE),
            "by (job, instance, report_queue)",
        ),
        (
            recorded.selector(naming.ERROR_RATIO, API_AVAILABILITY, "1h"),
            'slo:errors:ratio{slo="api-availability", window="1h"}',
        ),
    ],
)
def test_names_labels_and_suffixes_follow_from_the_declaration(asked: str, expression: str) -> None:
    assert asked == expression


@pytest.mark.parametrize(
    ("ask", "complaint"),
    [
        (
            lambda: promql.rate(signals.QUEUE_AGE, "5m", WORKER.jobs),  # type: ignore[arg-type]
            "the rate of gauge 'report.queue.oldest_age': only a counter or histogram has one",
        ),
        (
            lambda: promql.increase(signals.QUEUE_AGE, "5m", WORKER.jobs),  # type: ignore[arg-type]
            "the increase of gauge 'report.queue.oldest_age'",
        ),
        (
            lambda: promql.level(signals.CACHE_LOOKUPS, WEB.jobs),  # type: ignore[arg-type]
            "the level of counter 'authorization.cache.lookups': only a gauge has one",
        ),
        (
            lambda: promql.level(signals.CHECK_DURATION, WEB.jobs),  # type: ignore[arg-type]
            "the level of histogram 'authorization.check.duration'",
        ),
        (
            lambda: promql.total_within(signals.CACHE_LOOKUPS, 1, WEB.jobs),  # type: ignore[arg-type]
            "a bucket of counter",
        ),
        (
            lambda: promql.total_within(signals.CHECK_DURATION, 0.3, WEB.jobs),
            "0.3 is no bucket of 'authorization.check.duration'",
        ),
        (
            lambda: promql.level(signals.QUEUE_AGE, WORKER.jobs, _L1),
            "'report.queue.oldest_age' has no label 'authorization.cache.layer'",
        ),
        (
            lambda: promql.level(signals.CACHE_BREAKER, WEB.jobs, _breaker("=", "shut")),
            "'authorization.cache.breaker.state' never has the value 'shut'",
        ),
        (
            lambda: promql.level(signals.CACHE_BREAKER, WEB.jobs, _breaker("=~", "closed|shut")),
            "never has the value 'shut', but 'closed', 'half_open', 'open'",
        ),
        (
            lambda: promql.level(
                signals.CACHE_BREAKER,
                WEB.jobs,
                Matcher(Label(signals.BREAKER_STATE.attribute, ("shut",)), "=", "shut"),
            ),
            "declares label 'authorization.cache.breaker.state' with the values",
        ),
        (
            lambda: promql.by(signals.QUEUE_AGE, database.POOL),
            "'report.queue.oldest_age' has no label 'db.client.connection.pool.name'",
        ),
        (
            lambda: recorded.selector("slo:error:ratio", API_AVAILABILITY),
            "no rule records 'slo:error:ratio'",
        ),
        (
            lambda: recorded.selector(naming.ERROR_RATIO, API_AVAILABILITY, "2d"),
            "no rule records 'slo:errors:ratio' over 2d, but over 5m",
        ),
    ],
)
def test_a_wrong_question_is_refused(ask: Callable[[], str], complaint: str) -> None:
    with pytest.raises(DeclarationError) as refusal:
        ask()

    assert complaint in str(refusal.value)


def _breaker(operator: str, value: str) -> Matcher:
    return Matcher(signals.BREAKER_STATE, operator, value)
