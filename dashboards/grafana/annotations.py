"""What is drawn across every panel: when a version began to run, and when an alert fired."""

from typing import Any, Final

from dashboards.grafana.elements import DATA_SOURCE
from dashboards.selectors import selector
from telemetry.catalog.pipeline import BUILD_INFO
from telemetry.catalog.runtime import START_TIME

_VERSION: Final = BUILD_INFO.label("service.version").prometheus_name

_RUNS: Final = f"max by (job, {_VERSION}) (max_over_time({selector(BUILD_INFO)}[10m] offset 5m))"

DEPLOYS: Final = (
    f"min by (job, {_VERSION}) ({selector(START_TIME)}"
    f" * on (job, instance) group_left ({_VERSION}) {selector(BUILD_INFO)}) * 1000"
    f" unless on (job, {_VERSION}) {_RUNS}"
)
"""When the first process of a version began, in milliseconds, while the version is new to its job.

It is new for as long as the window looks back. A version that still ran in the ten minutes before
is not: a process that starts anew, or one more of the same, is no deploy. Going back to an earlier
version is one.
"""

ALERTS: Final = 'ALERTS{alertstate="firing", severity=~"critical|warning"}'
"""Alerts of objectives have no instance, so that this is not narrowed by the variables."""


def annotations() -> list[dict[str, Any]]:
    """Return the annotations of every board."""
    return [
        {
            "builtIn": 1,
            "datasource": {"type": "grafana", "uid": "-- Grafana --"},
            "enable": True,
            "hide": True,
            "iconColor": "rgba(0, 211, 255, 1)",
            "name": "Annotations & Alerts",
            "type": "dashboard",
        },
        _of_prometheus("Deploys", DEPLOYS, "blue", f"{{{{job}}}} now runs {{{{{_VERSION}}}}}")
        | {"useValueForTime": True, "textFormat": ""},
        _of_prometheus("Alerts", ALERTS, "red", "{{alertname}} {{slo}} {{window}}"),
    ]


def _of_prometheus(name: str, expression: str, colour: str, title: str) -> dict[str, Any]:
    return {
        "datasource": DATA_SOURCE,
        "enable": True,
        "expr": expression,
        "iconColor": colour,
        "name": name,
        "tagKeys": "job,severity",
        "textFormat": "{{instance}}",
        "titleFormat": title,
        "useValueForTime": False,
    }
