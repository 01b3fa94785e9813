import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.catalog import http
from telemetry.context import correlation_id
from telemetry.testing import Captured, captured_telemetry

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"


async def hello(request: Request) -> Response:
    await asyncio.sleep(0)
    return PlainTextResponse(correlation_id() or "none", headers={"X-Correlation-ID": "forged"})


async def boom(request: Request) -> Response:
    message = "the password is hunter2"
    raise ValueError(message)


async def unavailable(request: Request) -> Response:
    return PlainTextResponse("later", 503)


async def streamed(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"part"

    return StreamingResponse(parts())


ROUTES = [
    Route("/hello", hello, methods=["GET"]),
    Route("/items/{item:int}", hello),
    Mount("/tenants/{tenant}", routes=[Route("/items/{item}", hello)]),
    Route("/boom", boom),
    Route("/unavailable", unavailable),
    Route("/streamed", streamed),
]


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
        yield captured


def client_of(captured: Captured, app: ASGIApp | None = None) -> httpx.AsyncClient:
    wrapped = captured.telemetry.wrap(app or Starlette(routes=ROUTES))
    return httpx.AsyncClient(transport=httpx.ASGITransport(wrapped), base_url="http://shop.test")


def requests_logged(captured: Captured) -> list[dict[str, Any]]:
    return [line for line in captured.logs() if line["event"] == http.REQUEST_FINISHED.name]


async def test_one_request_makes_one_span_one_line_one_measurement(captured: Captured) -> None:
    response = await client_of(captured).get("/hello", headers={"X-Correlation-ID": "caller-1"})

    assert response.text == "caller-1"
    span = captured.span("GET /hello")
    [line] = requests_logged(captured)
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


async def test_the_answer_carries_the_correlation_id_once(captured: Captured) -> None:
    response = await client_of(captured).get("/hello", headers={"X-Correlation-ID": "caller-1"})
    assert response.headers.get_list("x-correlation-id") == ["caller-1"]


@pytest.mark.parametrize("sent", ["", "with space", "a" * 65, "semi;colon", "ü"])
async def test_an_unfit_correlation_id_is_replaced(captured: Captured, sent: str) -> None:
    raw = [(b"X-Correlation-ID", sent.encode())]
    response = await client_of(captured).get("/hello", headers=raw)
    assert response.headers["x-correlation-id"] != sent
    assert len(response.headers["x-correlation-id"]) == 32


async def test_x_request_id_is_accepted(captured: Captured) -> None:
    response = await client_of(captured).get("/hello", headers={"X-Request-ID": "caller-2"})
    assert response.headers["x-correlation-id"] == "caller-2"


async def test_the_callers_trace_goes_on(captured: Captured) -> None:
    parent = f"00-{TRACE_ID}-{PARENT_ID}-01"
    await client_of(captured).get("/hello", headers={"traceparent": parent})
    span = captured.span("GET /hello")
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert f"{span.parent.span_id:016x}" == PARENT_ID


async def test_an_unsampled_request_leaves_no_span_and_no_exemplar(captured: Captured) -> None:
    parent = f"00-{TRACE_ID}-{PARENT_ID}-00"
    await client_of(captured).get("/hello", headers={"traceparent": parent})
    assert captured.spans() == []
    assert exemplars(captured) == []
    assert requests_logged(captured)[0]["trace_id"] == TRACE_ID


def exemplars(captured: Captured) -> list[dict[str, str]]:
    return [
        sample.exemplar.labels
        for family in captured.telemetry.meter.registry.collect()
        for sample in family.samples
        if sample.exemplar is not None
    ]


async def test_the_exemplar_names_the_span(captured: Captured) -> None:
    await client_of(captured).get("/hello")
    span = captured.span("GET /hello")
    assert span.context is not None
    assert exemplars(captured) == [
        {"trace_id": f"{span.context.trace_id:032x}", "span_id": f"{span.context.span_id:016x}"}
    ]


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


async def test_an_exception_is_a_500_with_one_record_and_no_message(captured: Captured) -> None:
    response = await client_of(captured).get("/boom", headers={"X-Correlation-ID": "caller-3"})

    assert response.status_code == 500
    assert response.headers["x-correlation-id"] == "caller-3"
    span = captured.span("GET /boom")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert span.events == ()
    assert span.attributes is not None
    assert span.attributes["error.type"] == "ValueError"
    assert span.attributes["http.response.status_code"] == 500
    assert captured.events() == [http.REQUEST_FAILED.name, http.REQUEST_FINISHED.name]
    failed = captured.logs()[0]
    assert failed["exception.type"] == "ValueError"
    assert "in boom" in failed["exception.stacktrace"]
    assert failed["correlation_id"] == "caller-3"


async def test_a_server_error_without_an_exception_has_its_code_as_type(
    captured: Captured,
) -> None:
    await client_of(captured).get("/unavailable")
    span = captured.span("GET /unavailable")
    assert span.attributes is not None
    assert span.attributes["error.type"] == "503"
    assert captured.events() == [http.REQUEST_FINISHED.name]


async def test_a_client_error_is_no_error(captured: Captured) -> None:
    await client_of(captured).get("/nowhere")
    span = captured.span("GET")
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes is not None
    assert "error.type" not in span.attributes


async def test_an_application_that_does_not_answer_is_answered_for(captured: Captured) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return

    response = await client_of(captured, silent).get("/")
    assert response.status_code == 500
    assert response.json()["correlation_id"] == response.headers["x-correlation-id"]


async def test_a_bare_applications_exception_becomes_a_problem(captured: Captured) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError

    response = await client_of(captured, broken).get("/")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"


async def test_background_work_is_no_part_of_the_request(captured: Captured) -> None:
    reported_before_work = []

    async def work() -> None:
        reported_before_work.append(len(requests_logged(captured)))

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("accepted", background=BackgroundTask(work))

    app = Starlette(routes=[Route("/", endpoint)])
    await client_of(captured, app).get("/")
    assert reported_before_work == [1]


async def test_a_stream_is_one_request(captured: Captured) -> None:
    response = await client_of(captured).get("/streamed")
    assert response.text == "part" * 3
    assert len(requests_logged(captured)) == 1


async def test_a_cancelled_request_is_reported(captured: Captured) -> None:
    entered = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(client_of(captured, endless).get("/"))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    span = captured.span("GET")
    assert span.attributes is not None
    assert span.attributes["error.type"] == "asyncio.exceptions.CancelledError"
    assert captured.sample(http.ACTIVE_REQUESTS, {"http.request.method": "GET"}) == 0


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


async def test_two_hundred_at_once_do_not_mix(captured: Captured) -> None:
    client = client_of(captured)

    async def ask(number: int) -> tuple[str, str]:
        response = await client.get("/hello", headers={"X-Correlation-ID": f"caller-{number}"})
        return response.text, response.headers["x-correlation-id"]

    answers = await asyncio.gather(*(ask(number) for number in range(200)))
    assert answers == [(f"caller-{number}", f"caller-{number}") for number in range(200)]
    assert correlation_id() is None
    by_trace = {line["trace_id"]: line["correlation_id"] for line in requests_logged(captured)}
    for span in captured.spans():
        assert span.context is not None
        assert span.attributes is not None
        trace_id = f"{span.context.trace_id:032x}"
        assert by_trace[trace_id] == span.attributes["correlation_id"]


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
