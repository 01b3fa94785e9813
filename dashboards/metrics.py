"""Every metric of the platform: those of telemetry and the service's own."""

from typing import Final

from app import signals
from telemetry import catalog
from telemetry.catalog import Metric

METRICS: Final[tuple[Metric, ...]] = (*catalog.METRICS, *signals.METRICS)
