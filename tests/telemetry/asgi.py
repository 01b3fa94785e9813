"""An ASGI server's side of a request, message by message, and what was told of it."""

import asyncio
from collections.abc import Iterable
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util.types import AttributeValue
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.catalog import http
from telemetry.context import correlation_id
from telemetry.testing import Captured

Header = tuple[bytes, bytes]

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
END: Message = {"type": "http.response.body", "body": b"done", "more_body": False}
SECRET = "hunter2"


def scope_of(path: str = "/", headers: Iterable[Header] = (), **more: object) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"shop.test"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        **more,
    }


async def call(captured: Captured, app: ASGIApp, scope: Scope) -> list[Message]:
    """Send one request through the middleware; return what the server was told."""
    sent: list[Message] = []
    received = False

    async def receive() -> Message:
        nonlocal received
        if received:
            await asyncio.Event().wait()
        received = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await captured.telemetry.wrap(app)(scope, receive, send)
    return sent


def header(sent: list[Message], name: bytes) -> list[bytes]:
    return [value for key, value in sent[0]["headers"] if key.lower() == name]


def finished(captured: Captured) -> list[dict[str, Any]]:
    return [line for line in captured.logs() if line["event"] == http.REQUEST_FINISHED.name]


def attributes_of(span: ReadableSpan) -> dict[str, AttributeValue]:
    return dict(span.attributes or {})


def active(captured: Captured, method: str = "GET") -> float:
    return captured.sample(http.ACTIVE_REQUESTS, {"http.request.method": method})


def leaves_nothing_bound(captured: Captured) -> bool:
    current = trace.get_current_span() is trace.INVALID_SPAN
    return current and correlation_id() is None and active(captured) == 0


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


async def plain_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    await send(dict(START))
    await send(dict(END))


class BrokenError(Exception):
    """With a value in its message that must not leave."""
