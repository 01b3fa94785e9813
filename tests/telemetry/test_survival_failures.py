"""What the middleware must survive: whatever fails, the answer and the signals are right."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.catalog import http
from telemetry.testing import Captured
from tests.telemetry.asgi import (
    SECRET,
    START,
    BrokenError,
    active,
    attributes_of,
    call,
    finished,
    header,
    hello,
    leaves_nothing_bound,
    plain_asgi,
    scope_of,
)


async def broken(request: Request) -> Response:
    raise BrokenError(SECRET)


async def broken_dispatch(request: Request, call_next: RequestResponseEndpoint) -> Response:
    await call_next(request)
    raise BrokenError(SECRET)


async def broken_handler(request: Request, error: Exception) -> Response:
    raise BrokenError(SECRET) from error


def broken_asgi_middleware(app: ASGIApp) -> ASGIApp:
    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raise BrokenError(SECRET)
        await app(scope, receive, send)

    return middleware


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(
            Starlette(
                routes=[Route("/", hello)],
                middleware=[Middleware(BaseHTTPMiddleware, dispatch=broken_dispatch)],
            ),
            id="a middleware",
        ),
        pytest.param(
            Starlette(routes=[Route("/", hello)], middleware=[Middleware(broken_asgi_middleware)]),
            id="a pure ASGI middleware",
        ),
        pytest.param(
            Starlette(routes=[Route("/", broken)], exception_handlers={ValueError: broken_handler}),
            id="a route with a handler for other things",
        ),
        pytest.param(
            Starlette(
                routes=[Route("/", broken)], exception_handlers={BrokenError: broken_handler}
            ),
            id="an exception handler",
        ),
        pytest.param(
            Starlette(routes=[Route("/", broken)], exception_handlers={500: broken_handler}),
            id="the handler of 500",
        ),
        pytest.param(broken_asgi_middleware(plain_asgi), id="an application without a framework"),
    ],
)
async def test_an_exception_from_anywhere_is_one_500_and_one_record(
    captured: Captured, app: ASGIApp
) -> None:
    sent = await call(captured, app, scope_of(headers=[(b"x-correlation-id", b"caller-1")]))
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert sent[0]["status"] == 500
    assert header(sent, b"x-correlation-id") == [b"caller-1"]
    assert not sent[-1].get("more_body", False)
    [span] = captured.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert attributes_of(span)["http.response.status_code"] == 500
    assert (
        attributes_of(span)["error.type"] == f"{BrokenError.__module__}.{BrokenError.__qualname__}"
    )
    assert captured.events().count(http.REQUEST_FAILED.name) == 1
    assert len(finished(captured)) == 1
    assert SECRET not in str(captured.logs())
    assert SECRET not in str([one.to_json() for one in captured.spans()])
    assert leaves_nothing_bound(captured)


async def test_a_response_made_of_an_exception_is_no_exception(captured: Captured) -> None:
    async def handler(request: Request, error: Exception) -> Response:
        return PlainTextResponse("sorry", 503)

    app = Starlette(routes=[Route("/", broken)], exception_handlers={BrokenError: handler})
    sent = await call(captured, app, scope_of())
    assert sent[0]["status"] == 503
    assert attributes_of(captured.span("GET /"))["error.type"] == "503"
    assert captured.events() == [http.REQUEST_FINISHED.name]


async def test_an_exception_after_the_start_keeps_the_status_that_was_sent(
    captured: Captured,
) -> None:
    async def half(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"part"
            raise BrokenError(SECRET)

        return StreamingResponse(parts())

    sent = await call(captured, Starlette(routes=[Route("/", half)]), scope_of())
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert sent[-1] == {"type": "http.response.body", "body": b"part", "more_body": True}
    span = captured.span("GET /")
    assert span.status.status_code is StatusCode.ERROR
    assert attributes_of(span)["http.response.status_code"] == 200
    assert str(attributes_of(span)["error.type"]).endswith("BrokenError")
    assert captured.events() == [http.REQUEST_FAILED.name, http.REQUEST_FINISHED.name]
    assert leaves_nothing_bound(captured)


async def test_a_response_that_is_begun_and_left_is_an_error(captured: Captured) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))

    sent = await call(captured, app, scope_of())
    assert [message["type"] for message in sent].count("http.response.start") == 1
    span = captured.span("GET")
    assert attributes_of(span)["http.response.status_code"] == 200
    assert attributes_of(span)["error.type"] == "no_response"
    assert len(finished(captured)) == 1


async def test_a_client_that_goes_while_it_is_sent_to_is_reported_once(captured: Captured) -> None:
    async def endless(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            while True:
                yield b"part"

        return StreamingResponse(parts())

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if len(sent) == 3:
            raise OSError
        sent.append(message)

    app = captured.telemetry.wrap(Starlette(routes=[Route("/", endless)]))
    await app(scope_of(), receive, send)
    [line] = finished(captured)
    assert line["http.response.status_code"] == 200
    assert line["error.type"] == f"{ClientDisconnect.__module__}.{ClientDisconnect.__qualname__}"
    assert len(sent) == 3
    assert leaves_nothing_bound(captured)


async def test_a_client_that_goes_before_its_body_came_is_reported_once(captured: Captured) -> None:
    async def reader(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise OSError

    app = captured.telemetry.wrap(Starlette(routes=[Route("/", reader, methods=["POST"])]))
    with suppress(OSError):  # the server knows that its client is gone
        await app(scope_of(method="POST"), receive, send)
    assert len(finished(captured)) == 1
    assert len(captured.spans()) == 1
    assert active(captured, "POST") == 0
    assert leaves_nothing_bound(captured)


async def test_cancellation_after_the_start_goes_through_and_is_reported(
    captured: Captured,
) -> None:
    begun = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(call(captured, app, scope_of()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    span = captured.span("GET")
    assert attributes_of(span)["error.type"] == "asyncio.exceptions.CancelledError"
    assert attributes_of(span)["http.response.status_code"] == 200
    assert len(finished(captured)) == 1
    assert leaves_nothing_bound(captured)
