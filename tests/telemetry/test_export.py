"""The queue and its thread: what arrives, and that each span is counted once whatever happens."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from prometheus_client import CollectorRegistry

from telemetry.allow_list import AllowList
from telemetry.catalog import Metric, Span, SpanKind
from telemetry.catalog.pipeline import (
    EXEMPLAR_LINKS,
    SPAN_QUEUE_SIZE,
    SPANS_EXPORTED,
    SPANS_PROCESSED,
    THREAD_FAILURES,
)
from telemetry.destinations import Destination, OtlpHttp
from telemetry.errors import SettingsError
from telemetry.export import SpanExport
from telemetry.metrics import Meter
from telemetry.retries import Retries
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.sampling import Sampling
from telemetry.span_queue import ForeignSpan, SpanBatch
from telemetry.spans import RecordedSpan
from telemetry.tracing import Tracing
from tests.servers import free_port
from tests.telemetry import faulty_collector as faults
from tests.telemetry.faulty_collector import answers, collector, healthy

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
AT_ONCE = Retries(first_seconds=0.001)
PATIENCE_SECONDS = 20.0


class Observed:
    """An export, the tracing that fills it, and its counters."""

    def __init__(self, destination: Destination, **bounds: int) -> None:
        self.meter = Meter(CollectorRegistry())
        self.export = SpanExport(destination, self.meter, retries=AT_ONCE, **bounds)
        self.tracing = Tracing(Resource({}), Sampling(), self.export.put, self.export)

    def make_spans(self, number: int, *, exemplars: bool = False) -> None:
        for _ in range(number):
            with self.tracing.span(WORK) as span:
                if exemplars:
                    assert isinstance(span, RecordedSpan)
                    span.is_exemplar = True

    def make_foreign_spans(self, number: int) -> None:
        for _ in range(number):
            self.tracing.provider.get_tracer("foreign").start_span("foreign").end()

    def counts(self, metric: Metric) -> dict[str, float]:
        """Return the metric's series that are not 0, by their only label."""
        return {
            next(iter(sample.labels.values()), ""): sample.value
            for family in self.meter.registry.collect()
            for sample in family.samples
            if sample.name == metric.prometheus_name and sample.value
        }


@contextmanager
def exporting(endpoint: str, **bounds: int) -> Iterator[Observed]:
    observed = Observed(OtlpHttp(endpoint, {}, Resource({})), **bounds)
    observed.export.start()
    yield observed
    observed.export.stop(PATIENCE_SECONDS)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_every_span_arrives_by_the_stop() -> None:
    with collector(healthy) as serving:
        with exporting(serving.endpoint) as observed:
            observed.make_spans(1200)
            observed.make_foreign_spans(10)
        assert sorted(serving.spans) == ["foreign"] * 10 + ["work"] * 1200
        assert not observed.export._thread.is_alive()
        assert observed.counts(SPANS_EXPORTED) == {"": 1210}
        assert observed.counts(SPANS_PROCESSED) == {"": 1210}


def test_a_flush_waits_for_the_batch_under_way() -> None:
    with collector(faults.held) as slow, exporting(slow.endpoint) as observed:
        observed.make_spans(3)
        assert slow.asked.wait(PATIENCE_SECONDS)
        assert not observed.tracing.provider.force_flush(10)
        slow.released.set()
        assert observed.tracing.provider.force_flush(20_000)
        assert observed.counts(SPANS_EXPORTED) == {"": 3}


def test_a_collector_that_recovers_gets_the_batch_once() -> None:
    with collector(answers(503, 429, 200)) as recovering:
        with exporting(recovering.endpoint) as observed:
            observed.make_spans(3)
        assert recovering.spans == ["work"] * 3
        assert observed.counts(SPANS_EXPORTED) == {"": 3}


def test_a_connection_that_the_collector_closes_between_batches_costs_nothing() -> None:
    with collector(faults.closing_after_the_answer) as closing:
        with exporting(closing.endpoint) as observed:
            for _ in range(3):
                observed.make_spans(1)
                assert observed.export.force_flush(20_000)
        assert observed.counts(SPANS_EXPORTED) == {"": 3}


def test_a_refusal_is_final_and_counted() -> None:
    with collector(answers(400)) as refusing:
        with exporting(refusing.endpoint) as observed:
            observed.make_spans(3)
        assert len(refusing.requests) == 1
        assert observed.counts(SPANS_EXPORTED) == {"400": 3}


def test_a_collector_that_stays_away_is_given_up() -> None:
    with collector(answers(503)) as refusing:
        with exporting(refusing.endpoint) as observed:
            observed.make_spans(3)
            assert observed.export.force_flush(20_000)
        assert len(refusing.requests) == 1 + AT_ONCE.most
        assert observed.counts(SPANS_EXPORTED) == {"503": 3}


def test_rejected_spans_of_a_batch_that_was_taken_are_lost() -> None:
    """Which of them, nobody knows: it may be those that exemplars point to."""
    partial = ExportTracePartialSuccess(rejected_spans=2)
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    with collector(answers(200, body=body)) as rejecting:
        observed = Observed(OtlpHttp(rejecting.endpoint, {}, Resource({})))
        observed.make_spans(2)
        observed.make_spans(3, exemplars=True)
        observed.export.start()  # with all of them in one batch
        observed.export.stop(PATIENCE_SECONDS)
        assert observed.counts(SPANS_EXPORTED) == {"": 3, "rejected": 2}
        assert observed.counts(EXEMPLAR_LINKS) == {"exported": 1, "lost": 2}


def test_the_stop_has_a_deadline_and_a_late_answer_is_not_counted_again() -> None:
    with collector(faults.held) as hanging:
        with exporting(hanging.endpoint, batch=4) as observed:
            observed.make_spans(6, exemplars=True)
            assert hanging.asked.wait(PATIENCE_SECONDS)
            observed.export.stop(0)
            ends = {"deadline": 4.0}
            assert observed.counts(SPANS_EXPORTED) == ends
            assert observed.counts(SPANS_PROCESSED) == {"": 4, "already_shutdown": 2}
            assert observed.counts(EXEMPLAR_LINKS) == {"lost": 6}
            hanging.released.set()
            observed.export._thread.join()
        assert len(hanging.spans) == 4  # they have arrived after all; the count stays cautious
        assert observed.counts(SPANS_EXPORTED) == ends


def test_a_span_after_the_stop_is_counted() -> None:
    with collector(healthy) as serving:
        with exporting(serving.endpoint) as observed:
            pass
        observed.make_spans(2, exemplars=True)
        observed.make_foreign_spans(1)
        assert observed.counts(SPANS_PROCESSED) == {"already_shutdown": 3}
        assert observed.counts(EXEMPLAR_LINKS) == {"lost": 2}


@pytest.mark.parametrize("bounds", [{"capacity": 4}, {"capacity_bytes": 1}])
def test_a_full_queue_drops_and_counts(bounds: dict[str, int]) -> None:
    with collector(faults.held) as slow:
        with exporting(slow.endpoint, batch=1, **bounds) as observed:
            observed.make_spans(1)
            assert slow.asked.wait(PATIENCE_SECONDS)  # it waits no longer
            observed.make_spans(10, exemplars=True)
            observed.make_foreign_spans(5)
            waiting = observed.counts(SPAN_QUEUE_SIZE)[""]
            assert waiting == bounds.get("capacity", 1)
            slow.released.set()
        assert observed.counts(SPANS_PROCESSED) == {"": 1 + waiting, "queue_full": 15 - waiting}
        assert observed.counts(SPANS_EXPORTED) == {"": 1 + waiting}
        assert observed.counts(EXEMPLAR_LINKS) == {"exported": waiting, "lost": 10 - waiting}


def test_a_batch_is_bounded_in_bytes_too() -> None:
    names = [f"large.{number}" for number in range(40)]
    with collector(healthy) as serving:
        observed = Observed(OtlpHttp(serving.endpoint, {}, Resource({}), AllowList(names)))
        for _ in range(400):
            with observed.tracing.span(WORK) as span:
                span.set_attributes(dict.fromkeys(names, "x" * 1000))
        observed.export.start()
        observed.export.stop(PATIENCE_SECONDS)
        assert max(len(request.body) for request in serving.requests) < 5 * 2**20
        assert len(serving.spans) == 400


class Broken:
    """A destination with an error in it, until it is repaired."""

    separator = b""

    def __init__(self) -> None:
        self.repaired = threading.Event()

    def encode_recorded(self, span: RecordedSpan) -> bytes:
        if span.attributes:
            raise KeyError
        return b"span"

    def encode(self, span: ReadableSpan) -> ForeignSpan:  # noqa: ARG002  # it gets no further
        raise KeyError

    def deliver(self, spans: SpanBatch, timeout_seconds: float) -> int:  # noqa: ARG002  # nor here
        if not self.repaired.is_set():
            raise ZeroDivisionError
        return 0

    def close(self) -> None:
        pass


def test_the_thread_outlives_an_error_of_ours_which_is_counted() -> None:
    broken = Broken()
    observed = Observed(broken)
    observed.export.start()
    observed.make_spans(2)
    assert observed.export.force_flush(20_000)
    broken.repaired.set()
    observed.make_spans(3)
    observed.export.stop(PATIENCE_SECONDS)
    assert observed.counts(SPANS_EXPORTED) == {"ZeroDivisionError": 2, "": 3}
    assert observed.counts(THREAD_FAILURES) == {"telemetry-spans": 1}


def test_a_span_that_cannot_be_encoded_fails_nobody_and_is_counted() -> None:
    observed = Observed(Broken())
    with observed.tracing.span(WORK) as span:
        span.set_attribute("error.type", "any")
    observed.make_foreign_spans(1)
    assert observed.counts(SPANS_PROCESSED) == {"encoding_failed": 2}


def test_a_stop_without_a_start_counts_what_waited() -> None:
    observed = Observed(Broken())
    observed.make_spans(2)
    observed.export.stop(PATIENCE_SECONDS)
    observed.export.stop(PATIENCE_SECONDS)
    assert observed.counts(SPANS_PROCESSED) == {"already_shutdown": 2}


def test_reasons_are_born_at_zero() -> None:
    registry = Observed(Broken()).meter.registry
    for reason in ("", "timeout", "connection_refused", "503", "rejected"):
        labels = {"error_type": reason}
        assert registry.get_sample_value(SPANS_EXPORTED.prometheus_name, labels) == 0


@pytest.mark.parametrize("endpoint", ["collector:4318", "ftp://collector", "http://"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="no http"):
        Telemetry(TelemetrySettings(service_name="test", otlp_endpoint=endpoint))


def test_no_collector_costs_spans_and_not_the_stop() -> None:
    with exporting(f"http://127.0.0.1:{free_port()}") as observed:
        observed.make_spans(3)
    assert observed.counts(SPANS_EXPORTED) == {"connection_refused": 3}
