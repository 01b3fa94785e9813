"""What users' own tests get, and what they are told when they ask for what is not there."""

from collections.abc import Iterator

import pytest
import structlog

from telemetry.catalog import Counter, DeclarationError, Gauge, Histogram, Label, Span, SpanKind
from telemetry.testing import Captured, captured_telemetry

COLOUR = Label("test.colour", ("red", "blue"))
SIZE = Label("test.size")
BALLS = Counter(name="test.balls", unit="{ball}", description="Balls.", labels=(COLOUR, SIZE))
TIME = Histogram(name="test.time", unit="s", description="Time.", labels=(COLOUR,), buckets=(1, 2))
LEVEL = Gauge(name="test.level", unit="1", description="A level.")
THROW = Span("test.throw", SpanKind.INTERNAL, "A ball is thrown.")


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
        yield captured


def test_a_sample_is_the_sum_over_what_was_not_asked_for(captured: Captured) -> None:
    balls = captured.telemetry.meter.counter(BALLS)
    balls.add(1, "red", "small")
    balls.add(2, "red", "large")
    balls.add(4, "blue", "small")
    assert captured.sample(BALLS) == 7
    assert captured.sample(BALLS, {"test.colour": "red"}) == 3
    assert captured.sample(BALLS, {"test.colour": "red", "test.size": "small"}) == 1
    assert captured.sample(BALLS, {"test.size": "none"}) == 0


def test_what_was_never_bound_is_zero(captured: Captured) -> None:
    assert captured.sample(LEVEL) == 0


def test_a_histogram_is_counted_and_summed(captured: Captured) -> None:
    time = captured.telemetry.meter.histogram(TIME)
    time.observe(0.5, "red")
    time.observe(3, "red")
    time.observe(7, "blue")
    assert captured.sample(TIME) == 3
    assert captured.observed(TIME, {"test.colour": "red"}) == 3.5


def test_a_label_that_the_metric_has_not_is_named(captured: Captured) -> None:
    with pytest.raises(DeclarationError, match=r"'test\.balls' has no label 'test\.weight'"):
        captured.sample(BALLS, {"test.weight": "1"})


def test_the_exemplars_are_the_spans(captured: Captured) -> None:
    time = captured.telemetry.meter.histogram(TIME)
    time.observe(1, "red")  # in no trace
    with captured.telemetry.tracing.span(THROW) as span:
        time.observe(5, "red")
    context = span.get_span_context()
    ids = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    assert captured.exemplars(TIME) == [ids]


def test_a_span_that_is_not_the_only_one_is_refused_with_what_there_is(captured: Captured) -> None:
    for _ in range(2):
        with captured.telemetry.tracing.span(THROW):
            pass
    with pytest.raises(LookupError, match=r"0 spans are named 'test\.catch'.*'test\.throw'"):
        captured.span("test.catch")
    with pytest.raises(LookupError, match=r"2 spans are named 'test\.throw'"):
        captured.span("test.throw")


def test_a_line_that_is_not_the_only_one_is_refused_with_what_there_is(captured: Captured) -> None:
    logger = structlog.stdlib.get_logger()
    logger.info("test.thrown")
    assert captured.line("test.thrown")["level"] == "info"
    logger.info("test.thrown")
    with pytest.raises(LookupError, match=r"0 lines are of event 'test\.caught'.*'test\.thrown'"):
        captured.line("test.caught")
    with pytest.raises(LookupError, match=r"2 lines are of event 'test\.thrown'"):
        captured.line("test.thrown")


def test_clearing_forgets_spans_and_lines(captured: Captured) -> None:
    with captured.telemetry.tracing.span(THROW):
        structlog.stdlib.get_logger().info("test.thrown")
    captured.clear()
    assert (captured.spans(), captured.logs()) == ([], [])


def test_logging_is_given_back() -> None:
    before = structlog.get_config()
    with captured_telemetry():
        assert structlog.get_config() != before
    assert structlog.get_config() == before


def test_a_setting_is_passed_on() -> None:
    with captured_telemetry(sampling_ratio=0.0) as captured:
        with captured.telemetry.tracing.span(THROW):
            pass
        assert captured.spans() == []
