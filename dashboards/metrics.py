"""Every metric of the platform, telemetry's and the service's own, and what else panels ask."""

from typing import Final

from app import signals
from dashboards.recorded import RECORDED
from dashboards.watching import WATCHING
from telemetry import catalog
from telemetry.catalog import Metric

METRICS: Final[tuple[Metric, ...]] = (*catalog.METRICS, *signals.METRICS)

QUERIED: Final[tuple[Metric, ...]] = (*METRICS, *RECORDED, *WATCHING)
"""All that a panel may ask: what rules record and what the watchers emit beside it."""
