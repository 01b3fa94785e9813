import importlib
import pkgutil

import pytest
from opentelemetry.semconv import attributes as stable
from opentelemetry.semconv._incubating import attributes as incubating

from app import objectives, signals
from telemetry import catalog
from telemetry.catalog import attributes
from telemetry.catalog.declarations import Counter, DeclarationError, Gauge, Histogram, Label
from telemetry.catalog.objectives import Freshness, Latency, Losses, Matcher

EVERY_METRIC = (*catalog.METRICS, *signals.METRICS)


def known_attributes() -> set[str]:
    names: set[str] = set()
    for package in (stable, incubating):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            values = vars(importlib.import_module(module.name)).values()
            names |= {value for value in values if isinstance(value, str)}
    return names


def test_every_attribute_is_one_of_the_semantic_conventions() -> None:
    ours = {value for key, value in vars(attributes).items() if key.isupper()}
    assert ours - known_attributes() == set()


def test_prometheus_names_are_unique() -> None:
    names = [metric.prometheus_name for metric in EVERY_METRIC]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (catalog.http.REQUEST_DURATION, "http_server_request_duration_seconds"),
        (catalog.runtime.RESIDENT_MEMORY, "process_resident_memory_bytes"),
        (catalog.database.TIMEOUTS, "db_client_connection_timeouts_total"),
        (catalog.runtime.CPU_TIME, "process_cpu_seconds_total"),
        (catalog.pipeline.SPAN_QUEUE_SIZE, "otel_sdk_processor_span_queue_size"),
    ],
)
def test_names_follow_prometheus_conventions(metric: catalog.Metric, expected: str) -> None:
    assert metric.prometheus_name == expected


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "Upper.case"},
        {"name": "trailing."},
        {"unit": "ms"},
        {"description": "no full stop"},
        {"labels": (Label("twice"), Label("twice"))},
    ],
)
def test_a_wrong_declaration_is_refused(fault: dict[str, object]) -> None:
    whole = {"name": "a.name", "unit": "s", "description": "Fine.", **fault}
    with pytest.raises(DeclarationError):
        Gauge(**whole)  # type: ignore[arg-type]  # the fault is the point


@pytest.mark.parametrize("buckets", [(), (1.0, 1.0), (2.0, 1.0)])
def test_buckets_must_ascend(buckets: tuple[float, ...]) -> None:
    with pytest.raises(DeclarationError, match="ascend"):
        Histogram(name="a.name", unit="s", description="Fine.", buckets=buckets)


def test_an_unknown_label_is_named() -> None:
    counter = Counter(name="a.name", unit="{x}", description="Fine.")
    with pytest.raises(DeclarationError, match=r"'other\.label'"):
        counter.label("other.label")


def test_a_matcher_refuses_a_value_that_never_occurs() -> None:
    with pytest.raises(DeclarationError, match="never has"):
        Matcher(catalog.http.SCHEME, "=", "gopher")


def test_a_latency_threshold_must_be_a_bucket() -> None:
    with pytest.raises(DeclarationError, match="no bucket"):
        Latency(metric=catalog.http.REQUEST_DURATION, threshold=0.2)


def test_the_time_of_a_freshness_must_be_a_bucket() -> None:
    with pytest.raises(DeclarationError, match="no bucket"):
        Freshness(metric=signals.REPORT_DELIVERY_TIME, threshold=301)


def test_losses_are_told_by_a_label_of_their_counter() -> None:
    elsewhere = Matcher(signals.MAIL_OUTCOME, "=", "dead")

    with pytest.raises(DeclarationError, match=r"has no label 'mail\.outcome'"):
        Losses(signals.REPORTS_FINISHED, (elsewhere,))


def test_objectives_have_names_of_their_own() -> None:
    slugs = [objective.slug for objective in objectives.OBJECTIVES]
    titles = [objective.title for objective in objectives.OBJECTIVES]
    assert len(slugs) == len(set(slugs)) == len(set(titles))


def test_every_declaration_of_the_service_is_listed() -> None:
    declared = {value.name for value in vars(signals).values() if isinstance(value, catalog.Metric)}
    assert declared == {metric.name for metric in signals.METRICS}
