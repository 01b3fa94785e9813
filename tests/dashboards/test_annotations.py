"""What is drawn across the panels, as Prometheus answers it: deploys are no restarts."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboards.grafana.annotations import annotations
from dashboards.proof.selection import ALL

Series = tuple[str, str]
"""The labels behind `job`, and the values a minute."""

_STARTED = "process_start_time_seconds"
_BUILD = "service_build_info"


def _process(instance: str, version: str, *, start: int, until: int | None = None) -> list[Series]:
    """A process that is there from minute `start` on; it began then, in seconds."""
    gone = "" if until is None else f" stale _x{60 - until}"
    there = 60 - start if until is None else until - start
    target = f'job="web", instance="{instance}"'
    build = f'{target}, service_version="{version}", service_instance_id="{instance}-{start}"'
    before = f"_x{start} " if start else ""
    return [
        (f"{_STARTED}{{{target}}}", f"{before}{start * 60}+0x{there - 1}{gone}"),
        (f"{_BUILD}{{{build}}}", f"{before}1+0x{there - 1}{gone}"),
    ]


def _restarted(instance: str, version: str, *, at: int) -> list[Series]:
    """A process that is there always, and began anew at a minute."""
    target = f'job="web", instance="{instance}"'
    return [
        (f"{_STARTED}{{{target}}}", f"0+0x{at - 1} {at * 60}+0x{60 - at}"),
        (f'{_BUILD}{{{target}, service_version="{version}"}}', "1+0x60"),
    ]


@pytest.mark.parametrize(
    ("series", "minute", "marks"),
    [
        pytest.param(_process("a", "1", start=20), 21, {"1": 20}, id="the first start"),
        pytest.param(_restarted("a", "1", at=30), 31, {}, id="a restart"),
        pytest.param(
            _process("a", "1", start=0) + _process("b", "1", start=30), 31, {}, id="a replica more"
        ),
        pytest.param(
            _process("a", "1", start=0, until=30) + _process("b", "2", start=30),
            31,
            {"2": 30},
            id="another version",
        ),
        pytest.param(
            _process("a", "1", start=0, until=30) + _process("b", "2", start=30),
            50,
            {},
            id="no longer new",
        ),
        pytest.param(
            [
                *_process("a", "1", start=0, until=20),
                *_process("b", "2", start=20, until=40),
                *_process("c", "1", start=40),
            ],
            41,
            {"1": 40},
            id="back to the version before",
        ),
        pytest.param(
            [
                *_process("a", "1", start=0),
                *_process("b", "2", start=30),
                *_process("c", "2", start=32),
            ],
            33,
            {"2": 30},
            id="one process after the other",
        ),
    ],
)
def test_a_deploy_is_a_change_of_version(
    series: list[Series], minute: int, marks: dict[str, int], promtool: Path, tmp_path: Path
) -> None:
    answer = {
        f'{{job="web", service_version="{version}"}}': began * 60 * 1000.0
        for version, began in marks.items()
    }

    _judge(promtool, tmp_path, "Deploys", series, minute, answer)


def test_alerts_that_somebody_is_told_of_are_marked(promtool: Path, tmp_path: Path) -> None:
    def alert(name: str, state: str, severity: str) -> str:
        return f'ALERTS{{alertname="{name}", alertstate="{state}", severity="{severity}"}}'

    series = [
        (alert("Down", "firing", "critical"), "1+0x60"),
        (alert("Slow", "firing", "warning"), "1+0x60"),
        (alert("Soon", "pending", "critical"), "1+0x60"),
        (alert("Watchdog", "firing", "info"), "1+0x60"),
    ]
    answer = {series[0][0]: 1.0, series[1][0]: 1.0}

    _judge(promtool, tmp_path, "Alerts", series, 10, answer)


def _judge(  # noqa: PLR0913, PLR0917  # a case of promtool
    promtool: Path,
    folder: Path,
    name: str,
    series: list[Series],
    minute: int,
    answer: dict[str, float],
) -> None:
    (expression,) = (one["expr"] for one in annotations() if one["name"] == name)
    case: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series],
        "promql_expr_test": [
            {
                "expr": ALL.fill(expression, 300),
                "eval_time": f"{minute}m",
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in answer.items()
                ],
            }
        ],
    }
    file = folder / "case.yaml"
    file.write_text(json.dumps({"tests": [case]}), encoding="utf-8")

    done = subprocess.run(  # noqa: S603 - promtool, and a file of this test
        [str(promtool), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
