"""A scrape against the number of series: ours against prometheus_client's own registry."""

from collections.abc import Iterator
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from bench.pairs import Contestant, compare
from bench.rows import Row
from telemetry.catalog import Counter, Label
from telemetry.exposition import render
from telemetry.metrics import Meter

_SERIES: Final = (100, 1_000, 10_000)


def rows() -> Iterator[Row]:
    """Yield a row a size; one operation is one series rendered."""
    for series in _SERIES:
        ours, theirs = _ours(series), _theirs(series)

        def rendered(registry: CollectorRegistry = ours) -> bytes:
            return render(registry, "text/plain")[0]

        def baseline(registry: CollectorRegistry = theirs) -> bytes:
            return generate_latest(registry)

        yield compare(
            Contestant(f"exposition.series{series}", rendered),
            Contestant("prometheus_client", baseline),
            operations=series,
            pairs=7,
        )


def _ours(series: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    counter = Meter(registry).counter(
        Counter(
            name="bench.work",
            unit="{request}",
            description="Work done.",
            labels=(Label("bench.key"),),
            max_series=series,
        )
    )
    for number in range(series):
        counter.add(1, str(number))
    return registry


def _theirs(series: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    counter = prometheus_client.Counter(
        "bench_work", "Work done.", ["bench_key"], registry=registry
    )
    for number in range(series):
        counter.labels(str(number)).inc()
    return registry
