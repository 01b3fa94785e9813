"""Whether boards and catalog cover each other: every metric is on a panel or has a reason."""

from collections.abc import Iterator, Mapping

from dashboards.model import Board
from telemetry.catalog import Metric


def gaps(
    boards: tuple[Board, ...], metrics: tuple[Metric, ...], unplotted: Mapping[Metric, str]
) -> Iterator[str]:
    """Yield one line for each metric that is in the wrong place, or in none."""
    asked = frozenset[Metric]().union(*(board.metrics for board in boards))
    for metric in metrics:
        if metric in asked and metric in unplotted:
            yield f"{metric.name} is on a panel and in dashboards/unplotted.py: take it out there"
        elif metric not in asked and metric not in unplotted:
            yield f"{metric.name} is on no panel and has no reason in dashboards/unplotted.py"
    for metric in sorted((asked | unplotted.keys()) - set(metrics), key=lambda item: item.name):
        yield f"{metric.name} is asked or excused here, but is in no catalog"
    for metric, reason in unplotted.items():
        if not reason.endswith("."):
            yield f"{metric.name} is excused without a sentence of a reason"
