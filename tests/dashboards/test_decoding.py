"""Grafana's own types know every field of the dashboards, and what they do not know is named."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboards.decoding import lost
from dashboards.lint.findings import panels


def _points(dashboard: dict[str, Any]) -> dict[str, Any]:
    return next(panel for panel in panels(dashboard) if panel["type"] == "xychart")


def test_nothing_is_lost(generated: dict[str, dict[str, Any]]) -> None:
    for dashboard in generated.values():
        assert lost(dashboard) == ()


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (lambda dashboard: dashboard, "sharedCrosshair"),
        (lambda dashboard: dashboard["panels"][1], "span"),
        (lambda dashboard: dashboard["panels"][1]["options"], "fieldOptions"),
        (lambda dashboard: dashboard["panels"][1]["fieldConfig"]["defaults"], "decimal"),
        (lambda dashboard: dashboard["panels"][1]["targets"][0], "step"),
        (lambda dashboard: dashboard["templating"]["list"][0], "useTags"),
        (lambda dashboard: dashboard["timepicker"], "time_options"),
        (lambda dashboard: _points(dashboard)["options"], "seriesMapping"),
        (lambda dashboard: _points(dashboard)["options"]["series"][0], "pointColor"),
        (lambda dashboard: _points(dashboard)["fieldConfig"]["defaults"]["custom"], "label"),
    ],
)
def test_a_field_of_another_age_is_found(
    place: Callable[[dict[str, Any]], dict[str, Any]],
    field: str,
    generated: dict[str, dict[str, Any]],
) -> None:
    dashboard = generated["service-overview.json"]
    place(dashboard)[field] = 1

    (found,) = lost(dashboard)

    assert found.endswith(f".{field} is no field that Grafana knows")
