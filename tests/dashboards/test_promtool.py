"""Prometheus parses every query; one that it refuses is named."""

from pathlib import Path
from typing import Any

from dashboards.lint.findings import panels
from dashboards.promtool import refused


def test_prometheus_takes_every_query(promtool: Path, generated: dict[str, dict[str, Any]]) -> None:
    assert refused(promtool, list(generated.values())) == ()


def test_a_query_that_is_none_is_named(
    promtool: Path, generated: dict[str, dict[str, Any]]
) -> None:
    dashboard = generated["runtime.json"]
    panel = next(panel for panel in panels(dashboard) if panel["title"] == "CPU")
    panel["targets"][0]["expr"] += ")"

    (complaint,) = refused(promtool, [dashboard])

    assert complaint.startswith("sightline-runtime, panel 'CPU', query A: could not parse")
