"""Takes finished spans out of the process: a bounded queue and one thread.

A span is encoded where it ends, in microseconds, and appended to the queue. A collector that is
down, slow or hanging costs spans past the bound, each counted, and never a request's time; the stop
has a deadline of its own. `docs/decisions/export-in-an-outage.md` has each case.

After a fork the child has no thread: its spans fill the queue and are then dropped and counted.
"""

import threading
import time
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from telemetry.bounds import Bounds
from telemetry.catalog import pipeline
from telemetry.destinations import DeliveryError, Destination
from telemetry.export_ledger import DEADLINE, NOT_ENCODED, QUEUE_FULL, STOPPED, TAKEN, Ledger
from telemetry.giving_way import begin
from telemetry.metrics import Meter
from telemetry.retries import Retries
from telemetry.span_queue import SpanBatch, SpanQueue
from telemetry.spans import SPAN_ATTRIBUTES, SPAN_LINKS, RecordedSpan

_DELAY_SECONDS: Final = 0.5
_TIMEOUT_SECONDS: Final = 5.0
_RETRY_WHILE_STOPPING_SECONDS: Final = 0.25
_MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
_THREAD: Final = "telemetry-spans"


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
    """The sink of our spans, the SDK's span processor, and the thread that delivers for both.

    `capacity` is in spans, `capacity_bytes` in encoded bytes; what comes first is the bound. With
    `batch` spans waiting the thread sets out at once, with fewer after half a second.
    """

    def __init__(  # noqa: PLR0913  # a bound each
        self,
        destination: Destination,
        meter: Meter,
        *,
        capacity: int = 8192,
        capacity_bytes: int = 32 * 1024 * 1024,
        batch: int = 2048,
        retries: Retries | None = None,
    ) -> None:
        self._destination = destination
        self._encode_recorded = destination.encode_recorded
        self._queue = SpanQueue(destination.separator)
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._taking = threading.Lock()
        self._batch = batch
        self._retries = retries or Retries()
        self._ledger = Ledger(meter)
        self._bounds = Bounds(meter)
        self._failures = meter.counter(pipeline.THREAD_FAILURES)
        self._failures.add(0, _THREAD)
        meter.gauge(pipeline.SPAN_QUEUE_CAPACITY).set(capacity)
        meter.gauge(pipeline.SPAN_QUEUE_SIZE).set_function(lambda: len(self._queue))
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._stop_at = float("inf")
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=_THREAD, daemon=True)

    def start(self) -> None:
        """Start the delivering thread."""
        self._thread.start()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do before a span has ended."""

    def put(self, span: RecordedSpan) -> None:
        """Queue one of our own spans that has ended."""
        if self._has_no_room():
            self._ledger.dropped_one(self._reason(), is_exemplar=span.is_exemplar)
            return
        if span.cut:
            for bound, parts in span.cut.items():
                self._bounds.cut(bound, parts)
        try:
            encoded = self._encode_recorded(span)
        except Exception:  # noqa: BLE001  # or it would fail the request whose span this is
            self._ledger.dropped_one(NOT_ENCODED, is_exemplar=span.is_exemplar)
            return
        self._queue.add(encoded, is_exemplar=span.is_exemplar)
        self._wake_if_due()

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span of the SDK that has ended, if it is sampled."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if self._has_no_room():
            self._ledger.dropped_one(self._reason(), is_exemplar=False)
            return
        # What the SDK shortened it does not tell.
        if span.dropped_attributes:
            self._bounds.cut(SPAN_ATTRIBUTES, span.dropped_attributes)
        if span.dropped_links:
            self._bounds.cut(SPAN_LINKS, span.dropped_links)
        try:
            encoded = self._destination.encode(span)
        except Exception:  # noqa: BLE001  # or it would fail whoever ended the span
            self._ledger.dropped_one(NOT_ENCODED, is_exemplar=False)
            return
        self._queue.add_foreign(encoded)
        self._wake_if_due()

    def _has_no_room(self) -> bool:
        queue = self._queue
        return (
            len(queue) >= self._capacity
            or queue.added_bytes - queue.taken_bytes >= self._capacity_bytes
            or self._stopped
        )

    def _is_behind(self) -> bool:
        queue = self._queue
        held = queue.added_bytes - queue.taken_bytes
        return len(queue) >= self._batch // 2 or held >= self._capacity_bytes // 4

    def _reason(self) -> str:
        return STOPPED if self._stopped else QUEUE_FULL

    def _wake_if_due(self) -> None:
        if len(self._queue) == self._batch:
            self._wake.set()

    def stop(self, deadline_seconds: float) -> None:
        """Deliver what is queued within the deadline; what is left is dropped and counted.

        A batch that is still under way then is counted as lost: who cannot wait cannot know.
        """
        self._stop_at = min(self._stop_at, time.monotonic() + deadline_seconds)
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(deadline_seconds)
        self._stopped = True
        self._ledger.settle(DEADLINE)
        while len(left := self._take()):
            self._ledger.dropped(left, STOPPED)

    def shutdown(self) -> None:
        """End at once: the SDK's hook. `Telemetry.stop` calls `stop` with its own deadline."""
        self.stop(0)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until every span is delivered or lost, for at most the time; True if it is."""
        until = time.monotonic() + timeout_millis / 1000
        while self._is_busy() and time.monotonic() < until:
            self._wake.set()
            time.sleep(0.01)
        return not self._is_busy()

    def _is_busy(self) -> bool:
        return bool(len(self._queue)) or self._ledger.has_batch

    def _run(self) -> None:
        begin(self._is_behind)
        while not self._stopping.is_set():
            self._wake.wait(_DELAY_SECONDS)
            self._wake.clear()
            self._send_batch()
            # What ended meanwhile waits for more: sent as it comes it would be a POST for a few.
            while len(self._queue) >= self._batch:
                self._send_batch()
        while len(self._queue):
            self._send_batch()
        self._destination.close()

    def _send_batch(self) -> None:
        """Deliver what is queued, or a batch of it. The thread outlives whatever that meets."""
        if not len(spans := self._take()):
            return
        try:
            self._ledger.begin(spans)
            self._ledger.settle(*self._deliver(spans))
        except Exception as error:  # noqa: BLE001  # an error of ours, told and survived
            self._failures.add(1, _THREAD)
            self._ledger.settle(type(error).__name__)

    def _take(self) -> SpanBatch:
        """Take one batch out of the queue; the thread and the stop may both be at it."""
        with self._taking:
            return self._queue.take(self._batch, _MAX_BATCH_BYTES)

    def _deliver(self, spans: SpanBatch) -> tuple[str, int]:
        """Deliver one batch; return the `error.type` of its end, and how many were rejected."""
        failures = 0
        while (left := self._stop_at - time.monotonic()) > 0:
            try:
                return TAKEN, self._destination.deliver(spans, min(_TIMEOUT_SECONDS, left))
            except DeliveryError as error:
                failures += 1
                pause = self._retries.pause(failures, error.retry_after_seconds)
                if pause is None or not error.retryable:
                    return error.reason, 0
            self._pause(pause)
        return DEADLINE, 0

    def _pause(self, seconds: float) -> None:
        """Wait; a stop that is asked for ends the wait, and one under way shortens it."""
        if self._stopping.is_set():
            left = max(0.0, self._stop_at - time.monotonic())
            time.sleep(min(seconds, _RETRY_WHILE_STOPPING_SECONDS, left))
        else:
            self._stopping.wait(seconds)
