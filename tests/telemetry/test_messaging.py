"""Messages as the semantic conventions (1.44) describe them, and what a queue of one's own adds."""

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext, suppress

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from telemetry import propagation
from telemetry.catalog import Counter, Histogram, Span, SpanKind
from telemetry.catalog import messaging as catalog
from telemetry.context import bound_correlation_id, correlation_id
from telemetry.messaging import Messaging
from telemetry.testing import Captured, captured_telemetry

SEND_ORDER = Span("send orders", SpanKind.PRODUCER, "An order is put on the queue.")
PROCESS_ORDER = Span("process orders", SpanKind.CONSUMER, "An order is worked on.")
SECRET = "hunter2"


class RefusedError(Exception):
    """With a value in its message that must not leave."""


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
        yield captured


@pytest.fixture
def queue(captured: Captured) -> Messaging:
    return Messaging(captured.telemetry.tracing, captured.telemetry.meter, system="rabbitmq")


def counted(captured: Captured, metric: Counter | Histogram, **labels: str) -> float:
    named = {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": "orders",
        **{f"messaging.operation.{key}": value for key, value in labels.items() if key != "error"},
        "error.type": labels.get("error", ""),
    }
    return captured.sample(metric, named)


def total(captured: Captured, metric: Counter | Histogram) -> float:
    return captured.sample(metric)


def name_of(metric: Counter) -> str:
    return metric.prometheus_name


def attributes_of(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def send(queue: Messaging, message_id: str = "7") -> dict[str, str]:
    with queue.sending(SEND_ORDER, "orders", message_id):
        return propagation.inject()


def test_a_sent_message_is_one_producer_span_and_one_count(
    captured: Captured, queue: Messaging
) -> None:
    with bound_correlation_id("case-7"):
        send(queue)
    span = captured.span("send orders")
    assert span.kind is trace.SpanKind.PRODUCER
    assert attributes_of(span) == {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "orders",
        "messaging.message.id": "7",
        "messaging.message.conversation_id": "case-7",
    }
    assert counted(captured, catalog.SENT_MESSAGES, name="send") == 1
    assert counted(captured, catalog.OPERATION_DURATION, name="send", type="send") == 1
    assert total(captured, catalog.PROCESS_DURATION) == 0


def test_processing_is_a_trace_of_its_own_that_links_to_the_sender(
    captured: Captured, queue: Messaging
) -> None:
    with bound_correlation_id("case-7"):
        carrier = send(queue)
    with captured.telemetry.tracing.span(SEND_ORDER):  # whatever the consumer runs in
        with queue.processing(PROCESS_ORDER, "orders", "7", carrier=carrier):
            assert correlation_id() == "case-7"
        assert correlation_id() is None
    sent, processed = captured.spans()[0], captured.span("process orders")
    assert processed.kind is trace.SpanKind.CONSUMER
    assert processed.parent is None
    assert sent.context is not None
    assert processed.context is not None
    assert processed.context.trace_id != sent.context.trace_id
    [link] = processed.links
    assert (link.context.trace_id, link.context.span_id) == (
        sent.context.trace_id,
        sent.context.span_id,
    )
    described = attributes_of(processed)
    assert described["messaging.operation.name"] == described["messaging.operation.type"]
    assert described["messaging.operation.name"] == "process"
    assert described["messaging.message.id"] == "7"
    assert described["messaging.message.conversation_id"] == "case-7"
    assert counted(captured, catalog.PROCESS_DURATION, name="process") == 1


def test_one_message_is_no_batch(captured: Captured, queue: Messaging) -> None:
    """The count is for spans of several messages only."""
    with queue.processing(PROCESS_ORDER, "orders", "7", carrier=send(queue)):
        pass
    for span in captured.spans():
        assert "messaging.batch.message_count" not in attributes_of(span)


def test_a_message_that_could_not_be_sent_says_why_and_quotes_nothing(
    captured: Captured, queue: Messaging
) -> None:
    with pytest.raises(RefusedError), queue.sending(SEND_ORDER, "orders", "7"):
        raise RefusedError(SECRET)
    span = captured.span("send orders")
    assert span.status.status_code is StatusCode.ERROR
    error = str(attributes_of(span)["error.type"])
    assert error.endswith("RefusedError")
    assert SECRET not in span.to_json()
    assert counted(captured, catalog.SENT_MESSAGES, name="send", error=error) == 1
    assert counted(captured, catalog.OPERATION_DURATION, type="send", error=error) == 1
    assert counted(captured, catalog.SENT_MESSAGES) == 0


@pytest.mark.parametrize("raised", [True, False])
def test_failed_processing_has_its_error_type_everywhere(
    captured: Captured, queue: Messaging, *, raised: bool
) -> None:
    def work() -> None:
        with queue.processing(PROCESS_ORDER, "orders", "7", carrier={}) as processing:
            if raised:
                raise RefusedError(SECRET)
            processing.failed(RefusedError(SECRET))

    with pytest.raises(RefusedError) if raised else nullcontext():
        work()
    span = captured.span("process orders")
    assert span.status.status_code is StatusCode.ERROR
    error = str(attributes_of(span)["error.type"])
    assert error.endswith("RefusedError")
    assert SECRET not in span.to_json()
    assert counted(captured, catalog.PROCESS_DURATION, name="process", error=error) == 1
    assert total(captured, catalog.PROCESS_DURATION) == 1


async def test_cancelled_processing_is_measured(captured: Captured, queue: Messaging) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        with queue.processing(PROCESS_ORDER, "orders", "7", carrier={}):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    error = "asyncio.exceptions.CancelledError"
    assert counted(captured, catalog.PROCESS_DURATION, name="process", error=error) == 1


def test_a_question_to_the_queue_is_measured_and_makes_no_span(
    captured: Captured, queue: Messaging
) -> None:
    for delivered in (0, 1, 0):
        with queue.receiving("orders") as receiving:
            receiving.messages = delivered
    with pytest.raises(RefusedError), queue.receiving("orders"):
        raise RefusedError
    assert captured.spans() == []
    assert counted(captured, catalog.OPERATION_DURATION, name="receive", type="receive") == 3
    assert total(captured, catalog.OPERATION_DURATION) == 4
    assert counted(captured, catalog.CONSUMED_MESSAGES, name="receive") == 1
    assert total(captured, catalog.CONSUMED_MESSAGES) == 1


def test_no_message_is_no_series(captured: Captured, queue: Messaging) -> None:
    with queue.sending(SEND_ORDER, "orders", "7") as sending:
        sending.messages = 0
    with queue.receiving("orders"):
        pass
    for metric in (catalog.SENT_MESSAGES, catalog.CONSUMED_MESSAGES):
        registry = captured.telemetry.meter.registry
        [family] = [one for one in registry.collect() if f"{one.name}_total" == name_of(metric)]
        assert family.samples == []  # not even a series at 0, which a panel would show


def test_the_wait_in_the_queue_is_measured_where_it_is_known(
    captured: Captured, queue: Messaging
) -> None:
    with queue.processing(PROCESS_ORDER, "orders", "7", carrier={}, waited_seconds=12.5):
        pass
    with queue.processing(PROCESS_ORDER, "orders", "8", carrier={}):
        pass
    at = {"messaging.destination.name": "orders"}
    assert captured.sample(catalog.WAIT_DURATION, at) == 1
    assert captured.observed(catalog.WAIT_DURATION, at) == 12.5


def test_the_exemplars_lead_to_the_message(captured: Captured, queue: Messaging) -> None:
    with queue.processing(PROCESS_ORDER, "orders", "7", carrier=send(queue), waited_seconds=1):
        pass
    for metric, name in (
        (catalog.OPERATION_DURATION, "send orders"),
        (catalog.PROCESS_DURATION, "process orders"),
        (catalog.WAIT_DURATION, "process orders"),
    ):
        context = captured.span(name).context
        assert context is not None
        ids = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
        assert captured.exemplars(metric) == [ids]


@pytest.mark.parametrize("carrier", [{}, {"traceparent": "\udcff", "correlation_id": "a b"}])
def test_a_carrier_that_says_nothing_is_no_obstacle(
    captured: Captured, queue: Messaging, carrier: dict[str, str]
) -> None:
    with queue.processing(PROCESS_ORDER, "orders", "7", carrier=carrier):
        pass
    span = captured.span("process orders")
    assert list(span.links) == []
    assert "messaging.message.conversation_id" not in attributes_of(span)


@pytest.mark.parametrize("error", [None, RefusedError(SECRET)])
def test_a_spans_duration_is_the_value_that_its_metric_observed(
    captured: Captured, queue: Messaging, error: Exception | None
) -> None:
    def work() -> None:
        if error is not None:
            raise error

    with suppress(RefusedError), queue.sending(SEND_ORDER, "orders", "7"):
        work()
    with suppress(RefusedError), queue.processing(PROCESS_ORDER, "orders", "7", carrier={}):
        work()
    sent, processed = captured.spans()
    for span, metric in (
        (sent, catalog.OPERATION_DURATION),
        (processed, catalog.PROCESS_DURATION),
    ):
        assert span.start_time is not None
        assert span.end_time is not None
        assert (span.end_time - span.start_time) / 1e9 == captured.observed(metric)
        expected = StatusCode.UNSET if error is None else StatusCode.ERROR
        assert span.status.status_code is expected
        assert ("error.type" in attributes_of(span)) is (error is not None)
