"""From a declaration to an instrument: bound once at start, recorded on the hot path.

An instrument keeps its series, so recording looks up one tuple and touches a few numbers. The
number of series is bounded by the declaration's `max_series`: what comes after goes to one
overflow series and is counted.
"""

from collections.abc import Callable
from typing import TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry

from telemetry.catalog import Counter, Gauge, Histogram, Metric
from telemetry.catalog.pipeline import METRIC_SERIES, SERIES_CAPPED
from telemetry.instruments import OVERFLOW, BoundCounter, BoundGauge, BoundHistogram

__all__ = ["OVERFLOW", "BoundCounter", "BoundGauge", "BoundHistogram", "Meter"]

_Declaration = TypeVar("_Declaration", bound=Metric)
_Bound = TypeVar("_Bound", BoundCounter, BoundGauge, BoundHistogram)


class Meter:
    """Binds declarations to instruments in one registry; each declaration once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._bound: dict[str, BoundCounter | BoundGauge | BoundHistogram] = {}
        # `_created` of the library's own collectors would double the counters' series.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
        self.gauge(METRIC_SERIES).set_function(self._series)

    def counter(self, declaration: Counter) -> BoundCounter:
        """Return the instrument of a counter."""
        return self._bind(declaration, BoundCounter)

    def gauge(self, declaration: Gauge) -> BoundGauge:
        """Return the instrument of a gauge."""
        return self._bind(declaration, BoundGauge)

    def histogram(self, declaration: Histogram) -> BoundHistogram:
        """Return the instrument of a histogram."""
        return self._bind(declaration, BoundHistogram)

    def _bind(
        self,
        declaration: _Declaration,
        make: Callable[[_Declaration, Callable[[str], None]], _Bound],
    ) -> _Bound:
        known = self._bound.get(declaration.name)
        if known is not None:
            return known  # type: ignore[return-value]  # the same declaration has the same kind
        made = make(declaration, self._count_capped)
        self._bound[declaration.name] = made
        self.registry.register(made)
        if any(label.values is None for label in declaration.labels):
            self._count_capped(declaration.name, 0)  # a first burst past the bound is an increase
        return made

    def _series(self) -> int:
        return sum(bound.series for bound in tuple(self._bound.values()))

    def _count_capped(self, metric_name: str, measurements: int = 1) -> None:
        if metric_name != SERIES_CAPPED.name:  # whose own bound it cannot count itself
            self.counter(SERIES_CAPPED).add(measurements, metric_name)
