"""An exemplar is a promise: its trace is where it leads, or the loss is counted."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from compose.native.tools import Tools
from telemetry.catalog.http import REQUEST_DURATION
from telemetry.catalog.pipeline import EXEMPLAR_LINKS, SPANS_EXPORTED
from tests.telemetry.exemplar_stores import Jaeger, Prometheus
from tests.telemetry.faulty_collector import Fault, answers, collector, healthy
from tests.telemetry.outages import SPANS_OF_A_REQUEST, Counts, Service, service

_PATIENCE_SECONDS = 60.0
OUTCOME = "telemetry_outcome"
ROUNDS = 3
MANY = 100
FAILED = 10
COUNTED = f"{REQUEST_DURATION.prometheus_name}_count"
BUCKETS = f"{REQUEST_DURATION.prometheus_name}_bucket"


@pytest.fixture
def jaeger(tmp_path: Path) -> Iterator[Jaeger]:
    if Tools().look("jaeger") is None or Tools().look("prometheus") is None:
        pytest.skip("Prometheus or Jaeger is not here: python -m compose provision")
    server = Jaeger(tmp_path / "jaeger").start()
    yield server
    server.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


@pytest.mark.parametrize("ratio", [1.0, 0.1])
def test_every_exemplar_in_prometheus_leads_to_its_span_in_jaeger(
    tmp_path: Path, jaeger: Jaeger, ratio: float
) -> None:
    with service(tmp_path / "run", otlp_endpoint=jaeger.endpoint, sampling_ratio=ratio) as running:
        prometheus = Prometheus(tmp_path / "prometheus", running.ports["metrics"]).start()
        try:
            ask_and_be_scraped(running, prometheus)
            exemplars = prometheus.exemplars(BUCKETS)
            failed = prometheus.exemplars(f'{BUCKETS}{{error_type="500"}}')
        finally:
            prometheus.stop()
        assert failed
        assert exemplars > failed
        wait_until(lambda: all(span in jaeger.spans(trace) for trace, span in exemplars))

        wait_until(lambda: jaeger.requests("outage") == links(running).get("exported"))
        running.end()
        exported = links(running)["exported"]
        assert links(running) == {"exported": exported}
    assert exported >= ROUNDS * FAILED + len(exemplars - failed)
    assert (exported == running.requests) == (ratio == 1)


def ask_and_be_scraped(running: Service, prometheus: Prometheus) -> None:
    """A scrape has only the last exemplar of each bucket: ask in rounds."""
    for _ in range(ROUNDS):
        running.ask(MANY)
        running.ask(FAILED, status=500)
        wait_until(lambda: prometheus.value(f"sum({COUNTED})") == running.requests)


def links(running: Service) -> Counts:
    return running.counts(EXEMPLAR_LINKS, OUTCOME)


def rejecting() -> Fault:
    """Take each batch but for all of its spans."""
    partial = ExportTracePartialSuccess(rejected_spans=1_000)
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    return answers(200, body=body)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(healthy, {"exported": FAILED}, id="healthy"),
        pytest.param(answers(400), {"lost": FAILED}, id="refusing"),
        pytest.param(rejecting(), {"lost": FAILED}, id="rejecting"),
    ],
)
def test_a_link_is_counted_by_where_its_span_went(
    tmp_path: Path, fault: Fault, expected: Counts
) -> None:
    with (
        collector(fault) as serving,
        service(tmp_path, otlp_endpoint=serving.endpoint) as running,
    ):
        running.ask(FAILED)
        wait_until(lambda: sum(links(running).values()) == FAILED)
        running.end()
        assert links(running) == expected
        assert sum(running.spans_by_end().values()) == FAILED * SPANS_OF_A_REQUEST


def test_a_link_whose_span_was_not_even_tried_is_lost(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        running.ask(FAILED)
        running.end()
        assert links(running) == {"lost": FAILED}
        assert "" not in running.counts(SPANS_EXPORTED)


def test_the_first_loss_is_an_increase(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        name = EXEMPLAR_LINKS.prometheus_name
        assert f'{name}{{{OUTCOME}="lost"}} 0.0' in running.scrape()
