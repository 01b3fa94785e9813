"""When the export's thread sets out: with whole batches, not with each few spans."""

import time
from collections.abc import Callable

import pytest
from opentelemetry.sdk.resources import Resource

from telemetry import export
from telemetry.catalog.pipeline import SPANS_EXPORTED
from telemetry.destinations import OtlpHttp
from telemetry.span_queue import SpanBatch
from tests.telemetry.test_export import PATIENCE_SECONDS, Observed, wait_until


class Overtaken(OtlpHttp):
    """While the first batch is under way, three more spans end."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1", {}, Resource({}))
        self.batches: list[int] = []
        self.meanwhile: Callable[[int], None]

    def deliver(self, spans: SpanBatch, timeout_seconds: float) -> int:  # noqa: ARG002  # at once
        if not self.batches:
            self.meanwhile(3)
        self.batches.append(len(spans))
        return 0


def test_what_ends_while_a_batch_is_under_way_waits_for_a_batch_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sent as they come, a few at a time, spans would cost a POST each."""
    monkeypatch.setattr(export, "_DELAY_SECONDS", 1000)
    overtaken = Overtaken()
    observed = Observed(overtaken, batch=10)
    overtaken.meanwhile = observed.make_spans
    observed.export.start()
    observed.make_spans(10)
    wait_until(lambda: overtaken.batches == [10])
    time.sleep(0.1)  # in which a thread that goes on at once would
    observed.make_spans(6)
    assert overtaken.batches == [10]
    observed.make_spans(1)
    wait_until(lambda: overtaken.batches == [10, 10])
    observed.export.stop(PATIENCE_SECONDS)
    assert observed.counts(SPANS_EXPORTED) == {"": 20}
