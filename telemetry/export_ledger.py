"""What became of each span: counted once, whoever loses it and whenever.

Spans that ended = processed, by reason; those of them that were handed to the exporter
(`error_type` "") = exported, by reason. A span that an exemplar points to is counted once more:
its end is the end of a link from a panel to a trace.
"""

import threading
from typing import Final

from telemetry.catalog import pipeline
from telemetry.destinations import KNOWN_REASONS
from telemetry.metrics import Meter
from telemetry.span_queue import SpanBatch

QUEUE_FULL: Final = "queue_full"
STOPPED: Final = "already_shutdown"
NOT_ENCODED: Final = "encoding_failed"
DEADLINE: Final = "deadline"
REJECTED: Final = "rejected"
TAKEN: Final = ""


class Ledger:
    """Counts the ends of spans. The batch under way is settled once: by its end, or by the stop."""

    def __init__(self, meter: Meter) -> None:
        self._processed = meter.counter(pipeline.SPANS_PROCESSED)
        self._exported = meter.counter(pipeline.SPANS_EXPORTED)
        self._links = meter.counter(pipeline.EXEMPLAR_LINKS)
        # Born at 0, or a first loss would be no increase.
        for reason in (TAKEN, QUEUE_FULL, STOPPED, NOT_ENCODED):
            self._processed.add(0, reason)
        for reason in (TAKEN, *KNOWN_REASONS):
            self._exported.add(0, reason)
        for outcome in pipeline.LINK_OUTCOMES:
            self._links.add(0, outcome)
        self._under_way = SpanBatch()
        self._lock = threading.Lock()  # between the thread and the stop; no request waits for it

    @property
    def has_batch(self) -> bool:
        """Whether a batch is under way."""
        return len(self._under_way) > 0

    def dropped(self, spans: SpanBatch, reason: str) -> None:
        """Count spans that wait no longer and will not be tried."""
        self._processed.add(len(spans), reason)
        self._lose_links(spans.links)

    def dropped_one(self, reason: str, *, is_exemplar: bool) -> None:
        """Count a span that did not even come to wait."""
        self._processed.add(1, reason)
        if is_exemplar:
            self._lose_links(1)

    def begin(self, spans: SpanBatch) -> None:
        """Count a batch as handed to the exporter; it is under way until `settle`."""
        with self._lock:
            self._under_way = spans
            self._processed.add(len(spans), TAKEN)

    def settle(self, reason: str, rejected: int = 0) -> None:
        """Count the end of the batch under way, if that was not done.

        `rejected` of a batch that was taken are lost. Which, nobody says: they are taken to be
        those that exemplars point to.
        """
        with self._lock:
            spans, self._under_way = self._under_way, SpanBatch()
        if not len(spans):
            return
        self._exported.add(len(spans) - rejected, reason)
        if rejected:
            self._exported.add(rejected, REJECTED)
        links = spans.links
        lost = links if reason else min(links, rejected)
        self._lose_links(lost)
        self._links.add(links - lost, pipeline.LINK_EXPORTED)

    def _lose_links(self, number: int) -> None:
        self._links.add(number, pipeline.LINK_LOST)
