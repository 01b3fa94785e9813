"""What is drawn across every panel: when a build began to run, and when an alert fired."""

from typing import Any, Final

from dashboards.grafana.elements import DATA_SOURCE
from dashboards.selectors import selector
from telemetry.catalog.pipeline import BUILD_INFO
from telemetry.catalog.runtime import START_TIME

_VERSION: Final = BUILD_INFO.label("service.version").prometheus_name

DEPLOYS: Final = (
    f"max by (job, instance, {_VERSION}) ({selector(START_TIME)}"
    f" * on (job, instance) group_left ({_VERSION}) {selector(BUILD_INFO)}) * 1000"
)
"""When each process began, in milliseconds, by the build that it runs."""

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
        _of_prometheus("Deploys", DEPLOYS, "blue", f"{{{{job}}}} runs {{{{{_VERSION}}}}}")
        | {"useValueForTime": True},
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
