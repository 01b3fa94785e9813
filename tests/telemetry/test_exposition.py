import socket
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from telemetry.catalog.http import REQUEST_DURATION
from telemetry.errors import StartError
from telemetry.exposition import OPENMETRICS_TYPE, MetricsEndpoint
from telemetry.metrics import Meter


@pytest.fixture
def endpoint() -> Iterator[MetricsEndpoint]:
    meter = Meter(CollectorRegistry())
    exemplar = {"trace_id": "ab" * 16}
    meter.histogram(REQUEST_DURATION).observe_with(exemplar, 0.02, "GET", "/", "200", "")
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
    assert found == [{"trace_id": "ab" * 16}]


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


def test_stalled_readers_keep_nobody_out(endpoint: MetricsEndpoint) -> None:
    stalled = [socket.create_connection(("127.0.0.1", endpoint.port)) for _ in range(20)]
    for connection in stalled:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
    try:
        assert scrape(endpoint).status_code == 200
    finally:
        for connection in stalled:
            connection.close()


def test_the_port_is_free_after_the_stop(endpoint: MetricsEndpoint) -> None:
    port = endpoint.port
    endpoint.stop()
    with socket.create_server(("127.0.0.1", port)):
        pass
