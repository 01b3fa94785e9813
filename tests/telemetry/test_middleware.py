"""One pass: one span, one line and one measurement a request, whatever it carries."""

from collections.abc import Iterator

import pytest
from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from telemetry.catalog import http
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import finished
from tests.telemetry.shop import ROUTES, client_of


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
        yield captured


async def test_one_request_makes_one_span_one_line_one_measurement(captured: Captured) -> None:
    response = await client_of(captured).get("/hello", headers={"X-Correlation-ID": "caller-1"})

    assert response.text == "caller-1"
    span = captured.span("GET /hello")
    [line] = finished(captured)
    assert span.context is not None
    assert line["trace_id"] == f"{span.context.trace_id:032x}"
    assert line["span_id"] == f"{span.context.span_id:016x}"
    assert line["correlation_id"] == "caller-1"
    assert span.attributes is not None
    assert span.attributes["http.route"] == "/hello"
    assert span.attributes["http.response.status_code"] == 200
    assert span.status.status_code is StatusCode.UNSET
    labels = {
        "http.request.method": "GET",
        "http.route": "/hello",
        "http.response.status_code": "200",
    }
    assert captured.sample(http.REQUEST_DURATION, labels) == 1
    assert captured.sample(http.ACTIVE_REQUESTS, {"http.request.method": "GET"}) == 0


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/items/7", "/items/{item}"),
        ("/tenants/acme/items/7", "/tenants/{tenant}/items/{item}"),
    ],
)
async def test_the_route_is_the_whole_template(captured: Captured, path: str, route: str) -> None:
    await client_of(captured).get(path)
    assert captured.span_names() == [f"GET {route}"]


async def test_what_matches_no_route_shares_one_series(captured: Captured) -> None:
    client = client_of(captured)
    for number in range(5):
        await client.get(f"/nowhere/{number}")
    labels = {"http.request.method": "GET", "http.response.status_code": "404"}
    assert captured.sample(http.REQUEST_DURATION, labels) == 5
    assert set(captured.span_names()) == {"GET"}


async def test_a_wrong_method_keeps_its_route(captured: Captured) -> None:
    response = await client_of(captured).post("/hello")
    assert response.status_code == 405
    assert captured.span_names() == ["POST /hello"]


async def test_an_invented_method_is_other(captured: Captured) -> None:
    await client_of(captured).request("BREW", "/hello")
    span = captured.span("HTTP /hello")
    assert span.attributes is not None
    assert span.attributes["http.request.method"] == "_OTHER"
    assert span.attributes["http.request.method_original"] == "BREW"


async def test_background_work_is_no_part_of_the_request(captured: Captured) -> None:
    reported_before_work = []

    async def work() -> None:
        reported_before_work.append(len(finished(captured)))

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("accepted", background=BackgroundTask(work))

    app = Starlette(routes=[Route("/", endpoint)])
    await client_of(captured, app).get("/")
    assert reported_before_work == [1]


async def test_a_stream_is_one_request(captured: Captured) -> None:
    response = await client_of(captured).get("/streamed")
    assert response.text == "part" * 3
    assert len(finished(captured)) == 1


async def test_other_scopes_pass_untouched(captured: Captured) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        return

    scope = {"type": "lifespan"}
    await captured.telemetry.wrap(app)(scope, receive, send)
    assert seen == [scope]
    assert captured.spans() == []


@pytest.mark.parametrize(
    "headers",
    [
        [(b"user-agent", b"\xff\\")],
        [(b"traceparent", b"\xff\\")],
        [(b"traceparent", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01")],
        [(b"tracestate", b"a" * 100_000)],
        [(b"host", b"\x00evil")],
        [(b"x-correlation-id", b"a\r\nset-cookie: b")],
        [(b"user-agent", b"a" * 1_000_000)],
    ],
)
async def test_hostile_headers_change_nothing(
    captured: Captured, headers: list[tuple[bytes, bytes]]
) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/hello",
        "raw_path": b"/hello",
        "query_string": b"\xff=%zz&token=abc",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await captured.telemetry.wrap(Starlette(routes=ROUTES))(scope, receive, send)
    assert sent[0]["status"] == 200
    span = captured.span("GET /hello")
    assert span.attributes is not None
    for value in span.attributes.values():
        assert len(str(value)) <= 1024
    assert span.attributes["url.query"] == "REDACTED=REDACTED&token=REDACTED"
    captured.logs()
