"""docs/metrics.md names every metric once, and is what the catalog gives."""

from pathlib import Path

import pytest

from dashboards import reference
from dashboards.boards import BOARDS
from dashboards.metrics import METRICS
from dashboards.unplotted import UNPLOTTED
from telemetry.catalog import Histogram, Metric


def test_the_committed_page_is_what_the_catalog_gives() -> None:
    assert list(reference.stale(BOARDS)) == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: str(metric.name))
def test_each_metric_has_one_line_with_its_labels_and_a_board_or_a_reason(
    metric: Metric,
) -> None:
    name = f"| `{metric.prometheus_name}` |"
    (line,) = [line for line in reference.page(BOARDS).splitlines() if line.startswith(name)]

    assert metric.description in line
    assert all(f"`{label}`" in line for label in metric.label_names)
    assert not isinstance(metric, Histogram) or f"{metric.buckets[0]:g}" in line
    drawn = [board.title for board in BOARDS if metric in board.metrics]
    assert line.endswith(f"| {', '.join(drawn) or f'none: {UNPLOTTED[metric]}'} |")


def test_a_page_that_is_older_than_the_catalog_is_found(tmp_path: Path) -> None:
    page = tmp_path / "metrics.md"

    assert list(reference.stale(BOARDS, page))
    reference.write(BOARDS, page)
    assert not list(reference.stale(BOARDS, page))
    page.write_text(page.read_text().replace("counter", "gauge", 1))
    assert list(reference.stale(BOARDS, page))
