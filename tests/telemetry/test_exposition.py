"""The metrics endpoint: formats, and scrapers that do not behave."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from telemetry import exposition
from telemetry.catalog.declarations import Gauge, Label
from telemetry.catalog.http import REQUEST_DURATION
from telemetry.catalog.pipeline import SCRAPE_REFUSALS, SCRAPES_REFUSED
from telemetry.errors import StartError
from telemetry.exposition import MAX_CONNECTIONS, OPENMETRICS_TYPE, MetricsEndpoint, render
from telemetry.metrics import Meter

SLOW = Gauge(name="slow", unit="{value}", description="Slow to read.")
GAUGES = tuple(
    Gauge(name=f"large.{n}", unit="{value}", description="Large.", labels=(Label("text"),))
    for n in range(8)
)

SPAN = NonRecordingSpan(
    SpanContext(int("ab" * 16, 16), int("cd" * 8, 16), is_remote=False, trace_flags=TraceFlags(1))
)


@pytest.fixture
def endpoint() -> Iterator[MetricsEndpoint]:
    meter = Meter(CollectorRegistry())
    meter.histogram(REQUEST_DURATION).observe_with(SPAN, 0.02, "GET", "http", "/", "200", "")
    endpoint = MetricsEndpoint(meter, "127.0.0.1", 0)
    endpoint.start()
    yield endpoint
    endpoint.stop()


def scrape(endpoint: MetricsEndpoint, accept: str = "", path: str = "/metrics") -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{endpoint.port}{path}", headers={"accept": accept})


def test_openmetrics_carries_the_exemplar(endpoint: MetricsEndpoint) -> None:
    response = scrape(endpoint, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert response.headers["content-type"] == OPENMETRICS_TYPE
    found = [
        sample.exemplar.labels
        for family in parse_openmetrics(response.text)  # type: ignore[no-untyped-call]  # the library's
        for sample in family.samples
        if sample.exemplar
    ]
    assert found == [{"trace_id": "ab" * 16, "span_id": "cd" * 8}]


def test_text_is_the_default(endpoint: MetricsEndpoint) -> None:
    response = scrape(endpoint)
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in parse_text(response.text)}
    assert REQUEST_DURATION.prometheus_name in names


@pytest.mark.parametrize(
    "accept",
    ["application/openmetrics-text;version=abc", "text/plain;version=9.9.9", ";;;,,=", "*/*"],
)
def test_a_strange_accept_is_no_error(endpoint: MetricsEndpoint, accept: str) -> None:
    response = scrape(endpoint, accept)
    assert response.status_code == 200
    assert "9.9.9" not in response.headers["content-type"]


def test_other_paths_are_not_found(endpoint: MetricsEndpoint) -> None:
    assert scrape(endpoint, path="/").status_code == 404


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        endpoint = MetricsEndpoint(Meter(CollectorRegistry()), "127.0.0.1", port)
        with pytest.raises(StartError, match=f"cannot listen on 127.0.0.1:{port}") as raised:
            endpoint.start()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("application/openmetrics-text", True),
        ("APPLICATION/OpenMetrics-Text; version=1.0.0", True),
        ("application/openmetrics-text;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", True),
        ("text/plain;q=0.9, application/openmetrics-text;q=0.8", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=nan", False),
        ("application/openmetrics-text;q=1e9", False),
        ("application/*", False),
    ],
)
def test_the_format_is_the_one_that_is_wanted_more(
    endpoint: MetricsEndpoint,
    accept: str,
    openmetrics: bool,  # noqa: FBT001  # the table's column
) -> None:
    kind = scrape(endpoint, accept).headers["content-type"]
    assert (kind == OPENMETRICS_TYPE) is openmetrics


@given(st.text(max_size=60) | st.from_regex(r"[a-z/*;=,.q0-9 -]{0,60}", fullmatch=True))
def test_no_accept_breaks_it(accept: str) -> None:
    body, kind = render(CollectorRegistry(), accept)
    assert kind in {OPENMETRICS_TYPE, "text/plain; version=0.0.4; charset=utf-8"}
    assert body in {b"", b"# EOF\n"}


def refused(endpoint: MetricsEndpoint, reason: str) -> float | None:
    return endpoint.meter.registry.get_sample_value(
        SCRAPES_REFUSED.prometheus_name, {"error_type": reason}
    )


@contextmanager
def stalled(endpoint: MetricsEndpoint, number: int, sent: bytes) -> Iterator[None]:
    """That many connections which send the request and read nothing."""
    with ExitStack() as stack:
        for _ in range(number):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            connection.connect(("127.0.0.1", endpoint.port))
            connection.sendall(sent)
        yield


def test_nothing_is_refused_at_first(endpoint: MetricsEndpoint) -> None:
    scrape(endpoint)
    assert {refused(endpoint, reason) for reason in SCRAPE_REFUSALS} == {0}


@pytest.mark.parametrize(
    "sent", [b"", b"GET /metrics HTTP/1.1\r\nHost: x\r\n", b"GET /metrics HTTP/1.1\r\n\r\n" * 99]
)
def test_those_who_stall_keep_nobody_out_and_have_few_threads(
    endpoint: MetricsEndpoint, sent: bytes
) -> None:
    before = threading.active_count()
    with stalled(endpoint, MAX_CONNECTIONS + 10, sent):
        assert scrape(endpoint).status_code == 200
        assert threading.active_count() - before <= MAX_CONNECTIONS
        assert refused(endpoint, "too_many_connections") == 11


def test_who_reads_nothing_is_cut_off(
    endpoint: MetricsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposition._Handler, "timeout", 0.2)
    for number in range(3_000):
        endpoint.meter.gauge(GAUGES[number // 400]).set(number, "x" * 900 + str(number))
    with stalled(endpoint, 1, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"):
        until = time.monotonic() + 20
        while not refused(endpoint, "reader_stalled"):
            assert time.monotonic() < until
            time.sleep(0.01)
    assert scrape(endpoint).status_code == 200


def test_scrapes_are_rendered_one_after_the_other_and_wait_only_so_long(
    endpoint: MetricsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposition, "RENDER_SECONDS", 0.05)
    begun, release = threading.Event(), threading.Event()

    def slow() -> float:
        begun.set()
        release.wait(20)
        return 1

    endpoint.meter.gauge(SLOW).set_function(slow)
    first = threading.Thread(target=scrape, args=(endpoint,))
    first.start()
    begun.wait(20)
    try:
        assert scrape(endpoint).status_code == 503
        assert refused(endpoint, "busy") == 1
    finally:
        release.set()
        first.join()
    assert scrape(endpoint).status_code == 200


def test_the_stop_cuts_off_who_is_connected(
    endpoint: MetricsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposition._Handler, "timeout", 600)
    with socket.create_connection(("127.0.0.1", endpoint.port), 20) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1)
        endpoint.stop()
        while connection.recv(65_536):
            pass


def test_the_port_is_free_after_the_stop(endpoint: MetricsEndpoint) -> None:
    port = endpoint.port
    endpoint.stop()
    with socket.create_server(("127.0.0.1", port)):
        pass
