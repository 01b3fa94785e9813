"""What a producer and a consumer owe to telemetry, whatever carries their messages.

    messaging = Messaging(telemetry.tracing, telemetry.meter, system="rabbitmq")

    with messaging.sending(SEND_ORDER, "orders", message_id):
        broker.publish(body, headers=propagation.inject())

    with messaging.processing(PROCESS_ORDER, "orders", message_id, carrier=headers):
        work(body)

A message is processed in a trace of its own, linked to the span that sent it; the correlation ID is
bound meanwhile and is the conversation of both spans. A span lasts as long as its metric says.
Asking the queue is measured and makes no span: an idle consumer would make a trace a poll.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace

from telemetry import catalog
from telemetry.catalog import attributes, messaging
from telemetry.context import correlation_id
from telemetry.metrics import Meter
from telemetry.propagation import restored
from telemetry.spans import RecordedSpan
from telemetry.tracing import Tracing, error_type_of, mark_failed

_NO_ERROR: Final = ""
_NANOSECONDS: Final = 1e9


class Sending:
    """A message on its way. Set `messages` to 0 where it turns out that nothing is to be sent."""

    def __init__(self, span: trace.Span) -> None:
        self.span = span
        self.messages = 1


class Receiving:
    """A question to the queue. Set `messages` to how many it delivered."""

    def __init__(self) -> None:
        self.messages = 0


class Processing:
    """A message being worked on."""

    def __init__(self, span: trace.Span) -> None:
        self.span = span
        self.error_type = _NO_ERROR

    def failed(self, error: BaseException) -> None:
        """Note a failure that does not leave the block as an exception."""
        self.error_type = error_type_of(error)
        mark_failed(self.span, error)


class Messaging:
    """Spans and metrics of one kind of queue; `system` is its `messaging.system`."""

    def __init__(self, tracing: Tracing, meter: Meter, *, system: str) -> None:
        self._tracing = tracing
        self._system = system
        self._operation = meter.histogram(messaging.OPERATION_DURATION)
        self._sent = meter.counter(messaging.SENT_MESSAGES)
        self._consumed = meter.counter(messaging.CONSUMED_MESSAGES)
        self._process = meter.histogram(messaging.PROCESS_DURATION)
        self._wait = meter.histogram(messaging.WAIT_DURATION)

    @contextmanager
    def sending(
        self, declaration: catalog.Span, destination: str, message_id: str
    ) -> Iterator[Sending]:
        """Send a message in the block; the current context in it is the one to send along.

        `declaration` is of kind PRODUCER and named `send {destination}`. The message counts as sent
        when the block ends, so a transaction that makes it visible belongs inside.
        """
        described = self._described(messaging.SEND, destination, message_id)
        with self._tracing.span(declaration, described) as span:
            sending = Sending(span)
            started, error_type = time.perf_counter_ns(), _NO_ERROR
            try:
                yield sending
            except BaseException as error:
                error_type = error_type_of(error)
                mark_failed(span, error)
                raise
            finally:
                nanoseconds = time.perf_counter_ns() - started
                self._operation.observe(
                    nanoseconds / _NANOSECONDS,
                    *(self._system, messaging.SEND, messaging.SEND, destination, error_type),
                )
                _end(span, nanoseconds)
                if sending.messages:
                    self._sent.add(
                        sending.messages, self._system, messaging.SEND, destination, error_type
                    )

    @contextmanager
    def receiving(self, destination: str) -> Iterator[Receiving]:
        """Ask the queue for messages in the block."""
        receiving = Receiving()
        started, error_type = time.perf_counter(), _NO_ERROR
        try:
            yield receiving
        except BaseException as error:
            error_type = error_type_of(error)
            raise
        finally:
            self._operation.observe(
                time.perf_counter() - started,
                *(self._system, messaging.RECEIVE, messaging.RECEIVE, destination, error_type),
            )
            if receiving.messages:
                self._consumed.add(
                    receiving.messages, self._system, messaging.RECEIVE, destination, error_type
                )

    @contextmanager
    def processing(
        self,
        declaration: catalog.Span,
        destination: str,
        message_id: str,
        *,
        carrier: Mapping[str, str],
        waited_seconds: float | None = None,
    ) -> Iterator[Processing]:
        """Work on a message in the block; `carrier` is what `propagation.inject` gave its sender.

        `declaration` is of kind CONSUMER and named `process {destination}`. `waited_seconds` is how
        long the message had been due when it was taken, where that is known.
        """
        with restored(carrier) as link:
            described = self._described(messaging.PROCESS, destination, message_id)
            with self._tracing.span(
                declaration, described, links=(link,) if link else (), new_trace=True
            ) as span:
                if waited_seconds is not None:
                    self._wait.observe(waited_seconds, destination)
                processing = Processing(span)
                started = time.perf_counter_ns()
                try:
                    yield processing
                except BaseException as error:
                    processing.failed(error)
                    raise
                finally:
                    nanoseconds = time.perf_counter_ns() - started
                    self._process.observe(
                        nanoseconds / _NANOSECONDS,
                        *(self._system, messaging.PROCESS, destination, processing.error_type),
                    )
                    _end(span, nanoseconds)

    def _described(self, operation: str, destination: str, message_id: str) -> dict[str, str]:
        """Return a span's attributes; the conversation is the correlation ID."""
        described = {
            attributes.MESSAGING_SYSTEM: self._system,
            attributes.MESSAGING_OPERATION_NAME: operation,
            attributes.MESSAGING_OPERATION_TYPE: operation,
            attributes.MESSAGING_DESTINATION_NAME: destination,
            attributes.MESSAGING_MESSAGE_ID: message_id,
        }
        conversation = correlation_id()
        if conversation is not None:
            described[attributes.MESSAGING_CONVERSATION_ID] = conversation
        return described


def _end(span: trace.Span, nanoseconds: int) -> None:
    """End a span that took so long by the clock of its metric; any but ours is not kept."""
    if isinstance(span, RecordedSpan):
        span.end(span.start_time + nanoseconds)
