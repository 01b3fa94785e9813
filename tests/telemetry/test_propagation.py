import pytest
from opentelemetry import trace

from telemetry.catalog import Span, SpanKind
from telemetry.context import bound_correlation_id, correlation_id
from telemetry.propagation import inject, parse_traceparent, restored
from telemetry.testing import captured_telemetry

TRACE_ID = b"0af7651916cd43dd8448eb211c80319c"
SPAN_ID = b"b7ad6b7169203331"
WORK = Span("work", SpanKind.PRODUCER, "Some work.")


def traceparent(
    version: bytes = b"00",
    trace_id: bytes = TRACE_ID,
    span_id: bytes = SPAN_ID,
    flags: bytes = b"01",
    more: bytes = b"",
) -> bytes:
    return b"-".join((version, trace_id, span_id, flags)) + more


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"00",
        traceparent(version=b"ff"),
        traceparent(version=b"0"),
        traceparent(trace_id=b"0" * 32),
        traceparent(span_id=b"0" * 16),
        traceparent(trace_id=TRACE_ID.upper()),
        traceparent(flags=b"1"),
        traceparent(more=b"-extra"),
        traceparent(version=b"01", more=b"extra"),
        traceparent() + b" ",
        traceparent(version=b"01", more=b"-" + b"a" * 300),
        b"\xff" * 55,
    ],
)
def test_a_malformed_traceparent_is_dropped(raw: bytes) -> None:
    assert parse_traceparent(raw) is None


@pytest.mark.parametrize(
    ("raw", "sampled"),
    [
        (traceparent(), True),
        (traceparent(flags=b"00"), False),
        (traceparent(flags=b"ff"), True),
        (traceparent(version=b"01"), True),
        (traceparent(version=b"cc", more=b"-what-comes-later"), True),
    ],
)
def test_a_fit_traceparent_is_taken(raw: bytes, sampled: bool) -> None:  # noqa: FBT001  # a test's parameter
    context = parse_traceparent(raw)
    assert context is not None
    assert context.trace_id == int(TRACE_ID, 16)
    assert context.is_remote
    assert context.trace_flags.sampled is sampled


@pytest.mark.parametrize(
    ("tracestate", "kept"),
    [
        (b"vendor=value,other=1", {"vendor": "value", "other": "1"}),
        (b",".join(b"k%d=v" % number for number in range(33)), {}),
        (b"k=" + b"v" * 600, {}),
    ],
)
def test_tracestate_is_bounded(tracestate: bytes, kept: dict[str, str]) -> None:
    context = parse_traceparent(traceparent(), tracestate)
    assert context is not None
    assert dict(context.trace_state) == kept


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
