"""A carrier on a queue: what `inject` puts in, and `restored` brings back."""

import pytest
from opentelemetry import trace

from telemetry.catalog import Span, SpanKind
from telemetry.context import bound_correlation_id, correlation_id
from telemetry.propagation import inject, restored
from telemetry.testing import captured_telemetry

WORK = Span("work", SpanKind.PRODUCER, "Some work.")


def test_a_carrier_brings_back_the_link_and_the_correlation_id() -> None:
    with captured_telemetry() as captured:
        with bound_correlation_id("caller-1"), captured.telemetry.tracing.span(WORK) as span:
            carrier = inject()
        assert correlation_id() is None
        with restored(carrier) as link:
            assert correlation_id() == "caller-1"
            assert link is not None
            assert link.context.span_id == span.get_span_context().span_id
        assert correlation_id() is None


@pytest.mark.parametrize(
    "carrier",
    [{}, {"traceparent": "nonsense", "correlation_id": "not fit"}, {"traceparent": "ü" * 55}],
)
def test_a_broken_carrier_stops_nothing(carrier: dict[str, str]) -> None:
    with restored(carrier) as link:
        assert link is None
        assert correlation_id() is None


def test_without_a_span_only_the_correlation_id_travels() -> None:
    assert trace.get_current_span() is trace.INVALID_SPAN
    with bound_correlation_id("caller-1"):
        assert inject() == {"correlation_id": "caller-1"}
