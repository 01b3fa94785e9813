"""What the harder expressions answer, computed by Prometheus through `promtool test rules`."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.objectives import API_AVAILABILITY, CHECK_LATENCY, REPORT_DELIVERY
from dashboards.attainment import attained
from dashboards.boards import BOARDS
from dashboards.queries import Query, occurrences, share
from telemetry.catalog import Matcher, http

_TARGET = 'job="sightline-web", instance="web:9464"'
_COUNT = "http_server_request_duration_seconds_count"
_BUCKET = "http_server_request_duration_seconds_bucket"
_CHECK = 'http_route="/permissions/check"'


def _series(name: str, labels: str, step: int) -> dict[str, str]:
    """A counter that grows by `step` a minute; a scrape a minute."""
    return {"series": f"{name}{{{_TARGET}, {labels}}}", "values": f"0+{step}x20"}


def _level(name: str, labels: str, value: float, *, instance: str) -> dict[str, str]:
    """A gauge that stays as it is."""
    target = f'job="sightline-web", instance="{instance}"'
    return {"series": f"{name}{{{target}, {labels}}}", "values": f"{value}+0x20"}


def _pool(name: str, instance: str, *, used: int, most: int) -> list[dict[str, str]]:
    pool = f'db_client_connection_pool_name="{name}"'
    state = f'{pool}, db_client_connection_state="used"'
    return [
        _level("db_client_connection_count", state, used, instance=instance),
        _level("db_client_connection_max", pool, most, instance=instance),
    ]


def _asked(slug: str, title: str) -> Query:
    """The one query of a board's panel."""
    (board,) = (board for board in BOARDS if board.slug == slug)
    (panel,) = (panel for panel in board.panels if panel.title == title)
    (query,) = panel.queries
    return query


def _good(code: int, step: int, route: str = _CHECK) -> dict[str, str]:
    return _series(_COUNT, f'{route}, http_response_status_code="{code}"', step)


@pytest.mark.parametrize(
    ("query", "series", "answer"),
    [
        pytest.param(attained(API_AVAILABILITY), [_good(200, 60)], {"{}": 1}, id="no error yet"),
        pytest.param(
            attained(API_AVAILABILITY), [_good(200, 30), _good(503, 30)], {"{}": 0.5}, id="half bad"
        ),
        pytest.param(
            attained(API_AVAILABILITY),
            [_good(200, 60), _good(503, 60, 'http_route="/readyz"')],
            {"{}": 1},
            id="out of scope",
        ),
        pytest.param(attained(API_AVAILABILITY), [_good(200, 0)], {}, id="no traffic"),
        pytest.param(attained(API_AVAILABILITY), [], {}, id="no series"),
        pytest.param(
            attained(CHECK_LATENCY),
            [
                _good(200, 60),
                _series(_BUCKET, f'{_CHECK}, le="0.1"', 45),
                _series(_BUCKET, f'{_CHECK}, le="+Inf"', 60),
            ],
            {"{}": 0.75},
            id="a quarter late",
        ),
        pytest.param(
            attained(REPORT_DELIVERY),
            [
                _series("report_delivery_time_seconds_count", 'job_kind="x"', 60),
                _series("report_delivery_time_seconds_bucket", 'job_kind="x", le="300.0"', 45),
            ],
            {"{}": 0.75},
            id="a quarter too late, none given up",
        ),
        pytest.param(
            attained(REPORT_DELIVERY),
            [
                _series("report_delivery_time_seconds_count", 'job_kind="x"', 60),
                _series("report_delivery_time_seconds_bucket", 'job_kind="x", le="300.0"', 60),
                _series("report_jobs_finished_total", 'report_outcome="dead"', 60),
                _series("report_jobs_finished_total", 'report_outcome="retried"', 90),
            ],
            {"{}": 0.5},
            id="half given up",
        ),
        pytest.param(
            occurrences(http.REQUEST_DURATION, by=(http.ROUTE,)),
            [_good(200, 60), _series(_COUNT, 'http_response_status_code="404"', 120)],
            {'{http_route="/permissions/check"}': 1, '{http_route="unmatched path"}': 2},
            id="absent label named",
        ),
        pytest.param(
            share(
                occurrences(
                    http.REQUEST_DURATION,
                    by=(http.ROUTE,),
                    where=(Matcher(http.STATUS_CODE, "=~", "5.."),),
                ),
                occurrences(http.REQUEST_DURATION, by=(http.ROUTE,)),
            ),
            [_good(200, 60), _good(500, 60), _good(200, 60, 'http_route="/grants"')],
            {'{http_route="/permissions/check"}': 0.5, '{http_route="/grants"}': 0},
            id="share by label, one side unborn",
        ),
        pytest.param(
            _asked("home", "Pool in use"),
            [
                *_pool("postgresql", "web:9464", used=8, most=8),
                *_pool("postgresql", "web-2:9464", used=0, most=8),
                *_pool("redis", "web:9464", used=0, most=32),
            ],
            {
                '{db_client_connection_pool_name="postgresql"}': 1,
                '{db_client_connection_pool_name="redis"}': 0,
            },
            id="a pool that is full in one process alone",
        ),
        pytest.param(
            _asked("home", "Dead letters"),
            [
                _level("report_queue_dead", 'report_queue="mail"', 2, instance=f"worker-{number}")
                for number in range(3)
            ],
            {'{report_queue="mail"}': 2},
            id="two dead letters that three workers see",
        ),
    ],
)
def test_answer(
    query: Query,
    series: list[dict[str, str]],
    answer: dict[str, float],
    promtool: Path,
    tmp_path: Path,
) -> None:
    _judge(promtool, tmp_path, query, series, answer)


@pytest.mark.parametrize("second", [885, 890, 899], ids="{} s".format)
def test_a_clock_is_compared_at_its_scrape(second: int, promtool: Path, tmp_path: Path) -> None:
    """However long ago the scrape was: 15 s of it would hide the 5 s that somebody is told of."""
    clocks = [
        {"series": f'process_clock_seconds{{job="w", instance="{name}"}}', "values": values}
        for name, values in (("right", "0+15x80"), ("late", "-6+15x80"), ("early", "6+15x80"))
    ]
    answer = {
        f'{{job="w", instance="{name}"}}': lag
        for name, lag in (("right", 0), ("late", 6), ("early", -6))
    }

    _judge(
        *(promtool, tmp_path, _asked("runtime", "Clock behind Prometheus"), clocks, answer),
        at=f"{second}s",
        interval="15s",
    )


def _judge(  # noqa: PLR0913  # a case of promtool
    promtool: Path,
    folder: Path,
    query: Query,
    series: list[dict[str, str]],
    answer: Mapping[str, float],
    *,
    at: str = "15m",
    interval: str = "1m",
) -> None:
    expression = query.expression
    for variable, value in (("$__rate_interval", "5m"), ("$job", ".+"), ("$instance", ".+")):
        expression = expression.replace(variable, value)
    expected = [{"labels": labels, "value": value} for labels, value in answer.items()]
    case: dict[str, Any] = {
        "interval": interval,
        "input_series": series,
        "promql_expr_test": [{"expr": expression, "eval_time": at, "exp_samples": expected}],
    }
    file = folder / "case.yaml"
    file.write_text(json.dumps({"tests": [case]}), encoding="utf-8")

    done = subprocess.run(  # noqa: S603 - promtool, and a file of this test
        [str(promtool), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
