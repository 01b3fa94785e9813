"""Queries follow from declarations, and wrong questions are refused with a clear message."""

from collections.abc import Callable

import pytest

from app import signals
from dashboards import units
from dashboards.attainment import attained
from dashboards.queries import (
    INSTANCE,
    JOB,
    Query,
    above_zero,
    age,
    behind,
    buckets,
    gauge,
    highest,
    information,
    occurrences,
    quantile,
    rate,
    share,
)
from telemetry.catalog import (
    DeclarationError,
    Label,
    Latency,
    Matcher,
    Objective,
    database,
    http,
    messaging,
    pipeline,
    runtime,
)

_TARGETS = 'job=~"$job", instance=~"$instance"'


def test_a_rate_is_a_sum_of_rates_in_the_unit_of_what_is_counted() -> None:
    query = rate(signals.CACHE_LOOKUPS, by=(signals.LAYER,))

    assert query.expression == (
        "sum by (authorization_cache_layer) "
        f"(rate(authorization_cache_lookups_total{{{_TARGETS}}}[$__rate_interval]))"
    )
    assert query.unit == units.OPERATIONS_PER_SECOND
    assert query.legend == "{{authorization_cache_layer}}"


def test_a_quantile_keeps_the_buckets_and_can_carry_exemplars() -> None:
    query = quantile(signals.CHECK_DURATION, 0.99, by=(signals.DECISION_SOURCE,))

    assert query.expression == (
        "histogram_quantile(0.99, sum by (le, authorization_decision_source) "
        f"(rate(authorization_check_duration_seconds_bucket{{{_TARGETS}}}[$__rate_interval])))"
    )
    assert query.unit == units.SECONDS
    assert query.legend == "p99 {{authorization_decision_source}}"
    assert query.has_exemplars


def test_a_condition_is_checked_and_quoted() -> None:
    where = (Matcher(http.ROUTE, "!~", r'a\.b|"c"'),)

    assert (
        r'http_route!~"a\\.b|\"c\""' in occurrences(http.REQUEST_DURATION, where=where).expression
    )


def test_a_label_that_may_be_absent_reads_as_words() -> None:
    expression = occurrences(http.REQUEST_DURATION, by=(http.ROUTE,)).expression

    assert expression.startswith("label_replace(sum by (http_route)")
    assert expression.endswith(', "http_route", "unmatched path", "http_route", "")')


def test_a_query_without_labels_is_called_by_the_metric() -> None:
    assert gauge(runtime.RESIDENT_MEMORY, "sum").legend == "resident memory"
    assert occurrences(http.REQUEST_DURATION, counting="{request}").legend == "requests"


@pytest.mark.parametrize(
    ("query", "unit"),
    [
        (gauge(runtime.RESIDENT_MEMORY, "max", by=(JOB, INSTANCE)), "bytes"),
        (gauge(signals.QUEUE_AGE, "max"), "s"),
        (gauge(signals.QUEUE_DEPTH, "max"), "short"),
        (rate(runtime.CPU_TIME), "percentunit"),
        (rate(pipeline.LOG_LINES), "cps"),
        (occurrences(http.REQUEST_DURATION, counting="{request}"), "reqps"),
        (buckets(runtime.EVENT_LOOP_LAG), "s"),
        (age(runtime.START_TIME), "s"),
        (share(gauge(runtime.OPEN_FDS, "sum"), gauge(runtime.MAX_FDS, "sum")), "percentunit"),
    ],
)
def test_units_follow_from_the_metric(query: Query, unit: str) -> None:
    assert query.unit == unit


@pytest.mark.parametrize(
    ("ask", "complaint"),
    [
        (lambda: rate(signals.EPOCH_AGE), "rate of gauge 'authorization.epoch.age'"),
        (lambda: rate(signals.CHECK_DURATION), "rate of histogram"),
        (lambda: occurrences(signals.CACHE_LOOKUPS), "occurrences of counter"),
        (lambda: quantile(signals.CACHE_LOOKUPS, 0.9), "quantile of counter"),
        (lambda: quantile(signals.CHECK_DURATION, 99), "between 0 and 1, not 99"),
        (lambda: buckets(signals.EPOCH_AGE), "buckets of gauge"),
        (lambda: gauge(signals.CACHE_LOOKUPS, "sum"), "level of counter"),
        (lambda: gauge(signals.EPOCH_AGE, "sum"), "is a time"),
        (lambda: age(signals.QUEUE_DEPTH), "holds no moment"),
        (lambda: information(signals.QUEUE_DEPTH, by=(signals.QUEUE,)), "carries a value"),
        (
            lambda: rate(signals.CACHE_LOOKUPS, by=(http.ROUTE,)),
            "'authorization.cache.lookups' has no label 'http.route'",
        ),
        (
            lambda: rate(signals.CACHE_LOOKUPS, where=(Matcher(http.ROUTE, "=", "/x"),)),
            "has no label 'http.route'",
        ),
        (
            lambda: rate(signals.CACHE_LOOKUPS, where=(Matcher(signals.LAYER, "=", "l3"),)),
            "never has the value 'l3'",
        ),
        (
            lambda: rate(signals.CACHE_LOOKUPS, where=(Matcher(signals.LAYER, "=~", "l3|l4"),)),
            "'l3' of 'l3|l4' is no value of label 'authorization.cache.layer'",
        ),
        (
            lambda: rate(
                signals.CACHE_LOOKUPS,
                where=(Matcher(signals.CACHE_RESULT, "=~", "hit|miss|stale_denied"),),
            ),
            "metric 'authorization.cache.lookups': 'stale_denied' of 'hit|miss|stale_denied'",
        ),
        (
            lambda: rate(signals.CACHE_LOOKUPS, where=(Matcher(signals.LAYER, "!~", "l."),)),
            "'l.' of 'l.' is no value of label",
        ),
        (lambda: above_zero(buckets(signals.CHECK_DURATION)), "buckets are not left out"),
        (lambda: behind(signals.QUEUE_DEPTH), "holds no moment"),
        (lambda: highest(quantile(signals.CHECK_DURATION, 0.9)), "highest of quantiles"),
        (
            lambda: highest(rate(signals.CACHE_LOOKUPS), by=(signals.LAYER,)),
            "no label 'authorization.cache.layer' to keep",
        ),
        (
            lambda: rate(
                signals.CACHE_LOOKUPS,
                by=(Label("authorization.cache.layer", ("l1", "l2", "l3")),),
            ),
            "with other values",
        ),
        (
            lambda: rate(signals.CACHE_LOOKUPS, where=(Matcher(JOB, "=", "web"),)),
            "the board's own variable",
        ),
        (
            lambda: share(
                rate(signals.CACHE_LOOKUPS, by=(signals.LAYER,)), rate(signals.CACHE_LOOKUPS)
            ),
            "the same labels and unit",
        ),
        (
            lambda: share(
                quantile(messaging.PROCESS_DURATION, 0.5), quantile(database.WAIT_TIME, 0.5)
            ),
            "share of quantiles",
        ),
    ],
)
def test_a_wrong_question_is_refused(ask: Callable[[], Query], complaint: str) -> None:
    with pytest.raises(DeclarationError) as refusal:
        ask()

    assert complaint in str(refusal.value)


def test_a_whole_number_of_seconds_fits_both_prometheus_majors() -> None:
    objective = Objective(
        slug="slow",
        title="Slow",
        promise="Most requests are answered within 1 s.",
        target=0.9,
        indicator=Latency(metric=http.REQUEST_DURATION, threshold=1),
    )

    assert r'le=~"1(\\.0)?"' in attained(objective).expression
