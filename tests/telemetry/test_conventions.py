"""Each name that the catalog uses is one of the semantic conventions 1.44, or ours for a reason."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from opentelemetry.semconv._incubating.attributes.http_attributes import HttpRequestMethodValues
from opentelemetry.semconv.schemas import Schemas

from app import signals
from telemetry import catalog
from telemetry.catalog import SpanKind, database, http, messaging
from telemetry.tracing import SCHEMA_URL
from tests.telemetry.conventions import (
    ATTRIBUTES,
    IN_DEVELOPMENT,
    METRICS,
    OWN_ATTRIBUTES,
    OWN_METRICS,
    catalog_attributes,
    listed,
)

ROOT = Path(__file__).parents[2]


def test_the_package_that_is_compared_with_is_the_version_that_is_claimed() -> None:
    assert Schemas.V1_44_0.value == SCHEMA_URL


@pytest.mark.parametrize("name", sorted(catalog_attributes()))
def test_an_attribute_is_current_or_ours_for_a_reason(name: str) -> None:
    known = ATTRIBUTES.get(name)
    if known is None:
        assert listed(name, OWN_ATTRIBUTES)
        return
    assert not listed(name, OWN_ATTRIBUTES)
    assert not known.deprecated
    assert known.stable != listed(name, IN_DEVELOPMENT)


@pytest.mark.parametrize("metric", catalog.METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_current_or_ours_for_a_reason(metric: catalog.Metric) -> None:
    known = METRICS.get(metric.name)
    if known is None:
        assert listed(metric.name, OWN_METRICS)
        return
    assert not listed(metric.name, OWN_METRICS)
    assert not known.deprecated
    assert known.stable != listed(metric.name, IN_DEVELOPMENT)
    assert metric.unit == known.says("Unit")
    assert metric.kind == {"updowncounter": "gauge"}.get(
        known.says("Instrument"), known.says("Instrument")
    )


def test_no_reason_is_left_over() -> None:
    """A list of exceptions is short only as long as each is one."""
    names = {*catalog_attributes(), *(metric.name for metric in catalog.METRICS)}
    for entry in (*OWN_ATTRIBUTES, *OWN_METRICS, *IN_DEVELOPMENT):
        assert any(listed(name, [entry]) for name in names), entry


SECONDS_OF_A_REQUEST = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


@pytest.mark.parametrize(
    ("metric", "buckets"),
    [
        (http.REQUEST_DURATION, SECONDS_OF_A_REQUEST),
        (messaging.OPERATION_DURATION, SECONDS_OF_A_REQUEST),
        (messaging.PROCESS_DURATION, SECONDS_OF_A_REQUEST),
        (database.OPERATION_DURATION, (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)),
    ],
    ids=lambda value: value.name if isinstance(value, catalog.Metric) else "",
)
def test_buckets_are_the_advised_ones(
    metric: catalog.Histogram, buckets: tuple[float, ...]
) -> None:
    assert metric.buckets == buckets


REQUIRED: Final = {
    http.REQUEST_DURATION: "http.request.method url.scheme http.route "
    "http.response.status_code error.type",
    http.ACTIVE_REQUESTS: "http.request.method url.scheme",
    database.OPERATION_DURATION: "db.system.name db.namespace db.operation.name "
    "db.collection.name db.response.status_code error.type server.address server.port",
    database.CONNECTION_COUNT: "db.client.connection.pool.name db.client.connection.state",
    database.WAIT_TIME: "db.client.connection.pool.name",
    messaging.OPERATION_DURATION: "messaging.system messaging.operation.name "
    "messaging.operation.type messaging.destination.name error.type server.address",
    messaging.SENT_MESSAGES: "messaging.system messaging.operation.name "
    "messaging.destination.name error.type server.address",
    messaging.CONSUMED_MESSAGES: "messaging.system messaging.operation.name "
    "messaging.destination.name error.type server.address",
    messaging.PROCESS_DURATION: "messaging.system messaging.operation.name "
    "messaging.destination.name error.type server.address",
}
"""Required, and conditionally required attributes whose condition may hold here."""

LEFT_OUT: Final = {
    **{
        (metric.name, "server.address"): "the broker is the data store, whose spans have it"
        for metric in (
            messaging.OPERATION_DURATION,
            messaging.SENT_MESSAGES,
            messaging.CONSUMED_MESSAGES,
            messaging.PROCESS_DURATION,
        )
    },
}


def test_metrics_have_what_is_required_of_them_but_for_what_is_left_out_for_a_reason() -> None:
    missing = {
        (metric.name, attribute)
        for metric, attributes in REQUIRED.items()
        for attribute in attributes.split()
        if attribute not in {label.attribute for label in metric.labels}
    }
    assert missing == set(LEFT_OUT)


def test_the_known_methods_are_the_conventions() -> None:
    known = {method.value for method in HttpRequestMethodValues}
    assert known == {*http.KNOWN_METHODS, http.OTHER_METHOD}


def declared_spans() -> Iterator[catalog.Span]:
    for value in (*catalog.SPANS, *vars(signals).values()):
        if isinstance(value, catalog.Span):
            yield value


def test_messaging_spans_are_named_by_operation_and_destination_and_have_its_kind() -> None:
    kinds = {"send": SpanKind.PRODUCER, "process": SpanKind.CONSUMER}
    found = [
        span
        for span in declared_spans()
        if span.kind in {SpanKind.PRODUCER, SpanKind.CONSUMER} or span.name.split()[0] in kinds
    ]
    assert len(found) > 2
    for span in found:
        operation, destination = span.name.split()
        assert span.kind is kinds[operation]
        assert destination in {"reports", "mail", "imports", "user_batches"}


OLD: Final = {
    name for every in (ATTRIBUTES, METRICS) for name, known in every.items() if known.deprecated
}


def test_old_names_are_known() -> None:
    for name in ("http.method", "db.statement", "db.system", "net.peer.name", "http.status_code"):
        assert name in OLD


def sources() -> Iterator[Path]:
    folders = ("telemetry", "app", "dashboards", "alerts", "compose", "docs")
    words = ["git", "ls-files", "-co", "--exclude-standard", *folders]
    files = subprocess.run(  # noqa: S603  # git of the PATH
        words,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in files.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yaml", ".json", ".toml"} and path.exists():
            yield path


def test_old_names_stand_nowhere() -> None:
    dotted = {name for name in OLD if "." in name}
    quoted = re.compile(r"""["'`]([a-z0-9_]+(?:\.[a-z0-9_]+)+)["'`]""")
    as_labels = {name.replace(".", "_") for name in dotted if name.startswith(("http.", "db."))}
    labels = re.compile(r"\b((?:http|db)(?:_[a-z0-9]+)+)\b")
    found: set[tuple[str, str]] = set()
    for path in sources():
        text = path.read_text(errors="replace")
        names = set(quoted.findall(text)) & dotted
        if path.suffix == ".json":
            names |= set(labels.findall(text)) & as_labels
        found |= {(path.relative_to(ROOT).as_posix(), name) for name in names}
    assert found == set()
