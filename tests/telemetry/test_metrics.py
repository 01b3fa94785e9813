from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from telemetry.catalog import Counter, Gauge, Histogram, Label, Span, SpanKind
from telemetry.catalog.pipeline import SERIES_CAPPED
from telemetry.metrics import OVERFLOW, Meter
from telemetry.testing import captured_telemetry

USERS = Counter(
    name="test.users",
    unit="{user}",
    description="Users.",
    labels=(Label("user.name"), Label("user.kind", ("person", "robot"))),
    max_series=3,
)
TIMES = Histogram(name="test.time", unit="s", description="Times.", buckets=(0.1, 1.0))
LEVEL = Gauge(name="test.level", unit="1", description="Level.")
WORK = Span("work", SpanKind.INTERNAL, "Some work.")


@pytest.fixture
def meter() -> Meter:
    return Meter(CollectorRegistry())


def test_series_are_bounded_and_the_rest_is_counted(meter: Meter) -> None:
    counter = meter.counter(USERS)
    for number in range(10):
        counter.add(1, f"user-{number}", "person")
    value = meter.registry.get_sample_value
    kept = {"user_name": "user-2", "user_kind": "person"}
    assert value("test_users_total", kept) == 1
    overflow = {"user_name": OVERFLOW, "user_kind": OVERFLOW}
    assert value("test_users_total", overflow) == 7
    assert value(SERIES_CAPPED.prometheus_name, {"metric_name": USERS.name}) == 7


def test_a_metric_that_can_reach_its_bound_says_from_the_start_that_it_has_not(
    meter: Meter,
) -> None:
    """The first sample of a series is no increase: a single burst would be unseen."""
    meter.counter(USERS)
    meter.histogram(TIMES)

    value = meter.registry.get_sample_value
    assert value(SERIES_CAPPED.prometheus_name, {"metric_name": USERS.name}) == 0
    assert value(SERIES_CAPPED.prometheus_name, {"metric_name": TIMES.name}) is None


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [(("one",), "takes 2 label values"), (("one", "cat"), "is never 'cat'")],
)
def test_wrong_labels_are_a_programming_error(
    meter: Meter, labels: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        meter.counter(USERS).add(1, *labels)


def test_a_declaration_is_bound_once(meter: Meter) -> None:
    assert meter.histogram(TIMES) is meter.histogram(TIMES)


def test_a_gauge_reads_its_function(meter: Meter) -> None:
    meter.gauge(LEVEL).set_function(lambda: 0.75)
    assert meter.registry.get_sample_value("test_level_ratio") == 0.75


def test_an_observation_takes_the_current_span_as_exemplar() -> None:
    with captured_telemetry() as captured:
        histogram = captured.telemetry.meter.histogram(TIMES)
        with captured.telemetry.tracing.span(WORK) as span:
            histogram.observe(0.05)
        histogram.observe(0.5)
        samples = {
            sample.labels.get("le"): sample.exemplar
            for family in captured.telemetry.meter.registry.collect()
            if family.name == TIMES.prometheus_name
            for sample in family.samples
        }
    exemplar = samples["0.1"]
    assert exemplar is not None
    assert exemplar.labels["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert samples["1.0"] is None


@pytest.mark.parametrize(
    "bind",
    [
        lambda meter: meter.counter(USERS),
        lambda meter: meter.gauge(LEVEL),
        lambda meter: meter.histogram(TIMES),
    ],
)
def test_no_created_series(meter: Meter, bind: Callable[[Meter], object]) -> None:
    bind(meter)
    names = [sample.name for family in meter.registry.collect() for sample in family.samples]
    assert not [name for name in names if name.endswith("_created")]
