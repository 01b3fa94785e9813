"""A scrape against the number of series: our endpoint against prometheus_client's own, over HTTP.

Both answer in this process, whose CPU is read, so the scraper's part is in both figures.
"""

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry

from bench.pairs import Contestant, compare
from bench.rows import Measurement, Row
from telemetry.catalog import Counter, Label
from telemetry.exposition import MetricsEndpoint
from telemetry.metrics import Meter

_SERIES: Final = (100, 1_000, 10_000)
_PAIRS: Final = 15
# What Prometheus sends: it wants OpenMetrics, the only format with exemplars.
_ACCEPT: Final = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3"


def measurements() -> Iterator[Measurement]:
    """Yield an A/A pair, which must come out at 1, and a measurement a number of series."""
    yield Measurement("exposition.aa", partial(_row, "exposition.aa", _SERIES[1], _theirs))
    for series in _SERIES:
        name = f"exposition.series{series}"
        yield Measurement(name, partial(_row, name, series, _ours))


def _row(name: str, series: int, own: Callable[[int, ExitStack], int]) -> Row:
    with ExitStack() as stack:
        ports = (own(series, stack), _theirs(series, stack))
        sides = [partial(_scrape, port) for port in ports]
        row = compare(
            Contestant(name, sides[0]),
            Contestant("stock", sides[1]),
            operations=1,
            figure="CPU a scrape, µs",
            pairs=_PAIRS,
        )
        problems = [
            f"{name}: {found} series in place of {series}"
            for found in (side().count(b"\nbench_work_total{") for side in sides)
            if found != series
        ]
    return replace(row, problems=tuple(problems))


def _scrape(port: int) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Accept": _ACCEPT}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310  # the same
        body: bytes = answer.read()
        return body


def _ours(series: int, stack: ExitStack) -> int:
    meter = Meter(CollectorRegistry())
    counter = meter.counter(
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
    endpoint = MetricsEndpoint(meter, "127.0.0.1", 0)
    endpoint.start()
    stack.callback(endpoint.stop)
    return endpoint.port


def _theirs(series: int, stack: ExitStack) -> int:
    registry = CollectorRegistry()
    counter = prometheus_client.Counter(
        "bench_work", "Work done.", ["bench_key"], registry=registry
    )
    for number in range(series):
        counter.labels(str(number)).inc()
    server, thread = prometheus_client.start_http_server(0, "127.0.0.1", registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    stack.callback(stop)
    return int(server.server_port)
