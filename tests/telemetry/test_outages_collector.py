"""A collector that is broken in any way costs the service spans, each counted, and nothing else."""

from pathlib import Path

import pytest

from telemetry.catalog.pipeline import (
    LOG_LINES,
    SPAN_QUEUE_CAPACITY,
    SPAN_QUEUE_SIZE,
    SPANS_EXPORTED,
)
from tests.servers import free_port
from tests.telemetry import faulty_collector as faults
from tests.telemetry.faulty_collector import Fault, answers, collector, healthy
from tests.telemetry.outages import SPANS_OF_A_REQUEST, service

FEW = 20
"""Requests that bring the export into the fault."""
MANY = 300
"""Requests during the fault: more than a batch of spans."""
ALL_SPANS = (FEW + MANY) * SPANS_OF_A_REQUEST


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        pytest.param(faults.held, {"deadline", "already_shutdown"}, id="hanging"),
        pytest.param(faults.deaf, {"deadline", "already_shutdown"}, id="deaf"),
        pytest.param(answers(503), {"503", "deadline", "already_shutdown"}, id="overloaded"),
        pytest.param(
            answers(503, headers=("retry-after: 3600",)),
            {"503", "deadline", "already_shutdown"},
            id="overloaded-for-an-hour",
        ),
        pytest.param(answers(400), {"400"}, id="refusing"),
        pytest.param(answers(413), {"413"}, id="too-large"),
        pytest.param(
            faults.reset_in_the_body,
            {"connection_lost", "deadline", "already_shutdown"},
            id="reset-in-the-body",
        ),
        pytest.param(
            faults.GARBAGE, {"malformed_answer", "deadline", "already_shutdown"}, id="garbage"
        ),
        pytest.param(
            faults.ENDLESS_CONTINUE,
            {"malformed_answer", "deadline", "already_shutdown"},
            id="endless-continue",
        ),
        pytest.param(faults.ENDLESS_BODY, {""}, id="endless-body"),
        pytest.param(healthy, {""}, id="none"),
    ],
)
def test_a_broken_collector_costs_spans_and_nothing_else(
    tmp_path: Path, fault: Fault, reasons: set[str]
) -> None:
    with (
        collector(fault) as broken,
        service(tmp_path, otlp_endpoint=broken.endpoint) as running,
    ):
        running.ask(FEW)
        assert broken.asked.wait(60)
        running.ask(MANY)
        [waiting] = running.counts(SPAN_QUEUE_SIZE).values() or [0]
        assert waiting <= running.counts(SPAN_QUEUE_CAPACITY)[""]
        if len(reasons) == 1:  # an end that comes without the stop
            running.wait_for(SPANS_EXPORTED, next(iter(reasons)), ALL_SPANS)
        running.wait_for(LOG_LINES, "", FEW + MANY)
        running.end()
        ends = running.spans_by_end()
        assert set(ends) <= reasons
        if reasons == {""}:
            assert len(broken.spans) == ALL_SPANS
        assert running.lines_by_end() == {"": FEW + MANY}


@pytest.mark.parametrize("endpoint", ["http://collector.invalid:4318", "refused"])
def test_a_collector_that_is_nowhere_costs_spans_and_nothing_else(
    tmp_path: Path, endpoint: str
) -> None:
    if endpoint == "refused":
        endpoint = f"http://127.0.0.1:{free_port()}"
    with service(tmp_path, otlp_endpoint=endpoint) as running:
        running.ask(MANY)
        running.end()
        ends = running.spans_by_end()
    assert set(ends) <= {
        "connection_refused",
        "name_not_resolved",
        "deadline",
        "already_shutdown",
    }


def test_a_slow_collector_loses_nothing(tmp_path: Path) -> None:
    with (
        collector(faults.held) as slow,
        service(tmp_path, otlp_endpoint=slow.endpoint) as running,
    ):
        running.ask(FEW)
        assert slow.asked.wait(60)
        running.ask(MANY)
        assert running.counts(SPANS_EXPORTED) == {}  # all were answered, none is taken yet
        slow.released.set()
        running.wait_for(SPANS_EXPORTED, "", ALL_SPANS)
        running.end()
        assert running.spans_by_end() == {"": ALL_SPANS}
        assert len(slow.spans) == ALL_SPANS


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_the_body_is_compressed_where_that_is_set(tmp_path: Path, compression: str) -> None:
    with (
        collector(healthy) as serving,
        service(tmp_path, otlp_endpoint=serving.endpoint, otlp_compression=compression) as running,
    ):
        running.ask(FEW)
        running.wait_for(SPANS_EXPORTED, "", FEW * SPANS_OF_A_REQUEST)
        running.end()
        assert len(serving.spans) == FEW * SPANS_OF_A_REQUEST
        sent = {request.headers.get("content-encoding", "none") for request in serving.requests}
        assert sent == {compression}


def test_a_collector_that_recovers_gets_what_waited(tmp_path: Path) -> None:
    with (
        collector(answers(503, 429, 200)) as recovering,
        service(tmp_path, otlp_endpoint=recovering.endpoint) as running,
    ):
        running.ask(FEW)
        running.wait_for(SPANS_EXPORTED, "", FEW * SPANS_OF_A_REQUEST)
        running.end()
        assert running.spans_by_end() == {"": FEW * SPANS_OF_A_REQUEST}
        assert len(recovering.spans) == FEW * SPANS_OF_A_REQUEST
