"""Takes finished spans out of the process: a bounded queue and one thread.

A span is encoded where it ends, in microseconds, and appended to the queue. A collector that is
down, slow or hanging costs spans past the bound, each counted, and never a request's time; the stop
has a deadline of its own.
"""

import threading
import time
from collections import deque
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from telemetry.catalog import pipeline
from telemetry.destinations import DeliveryError, Destination, EncodedSpan
from telemetry.metrics import Meter
from telemetry.spans import RecordedSpan

_DELAY_SECONDS: Final = 0.5
_TIMEOUT_SECONDS: Final = 5.0
_FIRST_RETRY_SECONDS: Final = 0.25
_LAST_RETRY_SECONDS: Final = 8.0


class SpanSink(SpanProcessor):
    """Takes spans that have ended: ours by `put`, the SDK's by `on_end`."""

    def put(self, span: RecordedSpan) -> None:
        """Take one of our own spans; never block, never raise."""
        raise NotImplementedError


class NoExport(SpanSink):
    """Takes every span nowhere: for a service whose tracing is switched off."""

    def put(self, span: RecordedSpan) -> None:
        """Drop the span."""


class SpanExport(SpanSink):
    """The sink of our spans, the SDK's span processor, and the thread that delivers for both."""

    def __init__(
        self,
        destination: Destination,
        meter: Meter,
        *,
        capacity: int = 8192,
        batch: int = 512,
    ) -> None:
        self._destination = destination
        self._queue: deque[EncodedSpan] = deque()
        self._capacity = capacity
        self._batch = batch
        self._processed = meter.counter(pipeline.SPANS_PROCESSED)
        self._exported = meter.counter(pipeline.SPANS_EXPORTED)
        meter.gauge(pipeline.SPAN_QUEUE_CAPACITY).set(capacity)
        meter.gauge(pipeline.SPAN_QUEUE_SIZE).set_function(lambda: len(self._queue))
        self._wake = threading.Event()
        self._stop_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="telemetry-spans", daemon=True)

    def start(self) -> None:
        """Start the delivering thread."""
        self._thread.start()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do before a span has ended."""

    def put(self, span: RecordedSpan) -> None:
        """Queue one of our own spans that has ended."""
        if self._has_room():
            self._append(self._destination.encode_recorded(span))

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span of the SDK that has ended, if it is sampled."""
        sampled = span.context is not None and span.context.trace_flags.sampled
        if sampled and self._has_room():
            self._append(self._destination.encode(span))

    def _has_room(self) -> bool:
        if len(self._queue) < self._capacity:
            return True
        self._processed.add(1, "queue_full")
        return False

    def _append(self, span: EncodedSpan) -> None:
        self._queue.append(span)
        if len(self._queue) == self._batch:
            self._wake.set()

    def stop(self, deadline_seconds: float) -> None:
        """Deliver what is queued within the deadline; what is left is dropped and counted."""
        self._stop_at = time.monotonic() + deadline_seconds
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(deadline_seconds)
        left = len(self._queue)
        if left:
            self._processed.add(left, "already_shutdown")

    def shutdown(self) -> None:
        """End at once: the SDK's hook. `Telemetry.stop` calls `stop` with its own deadline."""
        self.stop(0)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until the queue is empty, for at most the time; True if it is."""
        until = time.monotonic() + timeout_millis / 1000
        self._wake.set()
        while self._queue and time.monotonic() < until:
            time.sleep(0.01)
        return not self._queue

    def _run(self) -> None:
        while self._stop_at is None:
            self._wake.wait(_DELAY_SECONDS)
            self._wake.clear()
            self._drain()
        self._drain()
        self._destination.close()

    def _drain(self) -> None:
        while self._queue:
            count = min(len(self._queue), self._batch)
            spans = [self._queue.popleft() for _ in range(count)]
            self._processed.add(count, "")
            self._exported.add(count, self._deliver(spans))

    def _deliver(self, spans: list[EncodedSpan]) -> str:
        """Deliver one batch; return the `error.type` of its end, "" where it was taken."""
        pause = _FIRST_RETRY_SECONDS
        while True:
            left = self._seconds_left()
            if left <= 0:
                return "deadline"
            try:
                self._destination.deliver(spans, min(_TIMEOUT_SECONDS, left))
            except DeliveryError as error:
                if not error.retryable or pause > _LAST_RETRY_SECONDS:
                    return error.reason
            except Exception as error:  # noqa: BLE001  # the thread outlives whatever a batch holds
                return type(error).__name__
            else:
                return ""
            self._pause(pause)
            pause *= 2

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._stop_at is None and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(min(0.05, max(0.0, self._seconds_left())))

    def _seconds_left(self) -> float:
        if self._stop_at is None:
            return float("inf")
        return self._stop_at - time.monotonic()
