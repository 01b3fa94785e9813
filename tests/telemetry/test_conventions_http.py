"""The rules of HTTP server spans (semantic conventions 1.44), each with its case."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from bench.defects.driving import ask
from bench.defects.shop import shop
from telemetry.testing import Captured, captured_telemetry


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
        yield captured


async def span_of(captured: Captured, path: str, **scope: Any) -> ReadableSpan:  # noqa: ANN401  # ASGI's
    headers = scope.pop("headers", ())
    await ask(captured.telemetry.wrap(shop()), path, headers, **scope)
    [span] = captured.spans()
    return span


async def test_a_span_has_what_is_required_and_recommended(captured: Captured) -> None:
    headers = [(b"host", b"shop.test:8080"), (b"user-agent", b"curl/8")]
    span = await span_of(
        captured,
        "/stream",
        headers=headers,
        query_string=b"page=2",
        http_version="2",
        scheme="https",
        client=("192.0.2.1", 4711),
    )
    assert span.name == "GET /stream"
    assert span.kind.name == "SERVER"
    found = dict(span.attributes or {})
    del found["correlation_id"]
    assert found == {
        "http.request.method": "GET",
        "http.route": "/stream",
        "http.response.status_code": 200,
        "url.path": "/stream",
        "url.query": "page=2",
        "url.scheme": "https",
        "server.address": "shop.test",
        "server.port": 8080,
        "client.address": "192.0.2.1",
        "network.peer.address": "192.0.2.1",
        "network.peer.port": 4711,
        "network.protocol.version": "2",
        "user_agent.original": "curl/8",
    }


async def test_what_there_is_not_is_left_out(captured: Captured) -> None:
    span = await span_of(captured, "/nowhere", client=None)
    found = set(span.attributes or {})
    assert not found & {"http.route", "error.type", "url.query", "http.request.method_original"}
    assert not found & {"client.address", "network.peer.address", "network.peer.port"}
    assert not found & {"user_agent.original", "network.protocol.name"}  # left out where it is http


STATUSES: Final[tuple[tuple[int, bool], ...]] = (
    *((status, False) for status in (200, 204, 302, 304, 400, 404, 409, 429, 499)),
    *((status, True) for status in (500, 501, 503, 599)),
)


@pytest.mark.parametrize(("status", "failed"), STATUSES)
async def test_the_status_is_unset_up_to_4xx_and_an_error_from_5xx_on(
    captured: Captured, answering: Callable[[int], Any], status: int, *, failed: bool
) -> None:
    await ask(captured.telemetry.wrap(answering(status)), "/")
    [span] = captured.spans()
    assert span.status.status_code is (StatusCode.ERROR if failed else StatusCode.UNSET)
    assert span.status.description is None
    found = dict(span.attributes or {})
    assert found["http.response.status_code"] == status
    assert found.get("error.type") == (str(status) if failed else None)


@pytest.fixture
def answering() -> Callable[[int], Any]:
    def application(status: int) -> Any:  # noqa: ANN401  # an ASGI application
        async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI's
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        return app

    return application


async def test_an_exception_is_the_error_type_by_its_full_name(captured: Captured) -> None:
    span = await span_of(captured, "/boom")
    found = dict(span.attributes or {})
    assert (found["error.type"], found["http.response.status_code"]) == ("ValueError", 500)
    assert span.status.description is None


@pytest.mark.parametrize("method", ["BREW", "PROPFIND", "get", "Get"])  # case counts
async def test_an_unknown_method_is_other_and_its_span_is_http(
    captured: Captured, method: str
) -> None:
    span = await span_of(captured, "/nowhere", method=method)
    assert span.name == "HTTP"
    found = dict(span.attributes or {})
    assert found["http.request.method"] == "_OTHER"
    assert found["http.request.method_original"] == method


@pytest.mark.parametrize(
    "key",
    [
        *("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "AWSAccessKeyId"),
        *("Signature", "sig", "X-Goog-Signature", "token", "password"),
    ],
)
async def test_a_querys_secrets_keep_their_key_only(captured: Captured, key: str) -> None:
    query = f"page=2&{key}=hunter2".encode()
    span = await span_of(captured, "/items/7", query_string=query)
    assert (span.attributes or {})["url.query"] == f"page=2&{key}=REDACTED"
    assert "hunter2" not in span.to_json()


@pytest.mark.parametrize(
    ("host", "server", "address", "port"),
    [
        (b"shop.test", ("10.0.0.1", 80), "shop.test", None),
        (b"shop.test:8080", ("10.0.0.1", 80), "shop.test", 8080),
        (b"[::1]:8080", ("10.0.0.1", 80), "[::1]", 8080),
        (b"", ("10.0.0.1", 8000), "10.0.0.1", 8000),
    ],
)
async def test_the_server_is_the_one_that_was_asked_for(
    captured: Captured, host: bytes, server: tuple[str, int], address: str, port: int | None
) -> None:
    span = await span_of(captured, "/items/7", headers=[(b"host", host)], server=server)
    found = dict(span.attributes or {})
    assert (found["server.address"], found.get("server.port")) == (address, port)
