"""What the middleware must survive: WebSocket and lifespan pass through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import Message, Scope
from starlette.websockets import WebSocket

from telemetry.testing import Captured
from tests.telemetry.asgi import (
    SECRET,
    BrokenError,
    attributes_of,
    call,
    finished,
    leaves_nothing_bound,
    plain_asgi,
    scope_of,
)


def websocket_scope() -> Scope:
    scope = scope_of("/echo", [(b"x-correlation-id", b"caller-1"), (b"traceparent", b"\xff\\")])
    return {**scope, "type": "websocket", "scheme": "ws", "subprotocols": []}


async def test_a_websocket_talks_through(captured: Captured) -> None:
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    incoming = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(incoming)

    async def send(message: Message) -> None:
        sent.append(message)

    app = captured.telemetry.wrap(Starlette(routes=[WebSocketRoute("/echo", echo)]))
    await app(websocket_scope(), receive, send)
    assert [message["type"] for message in sent] == [
        "websocket.accept",
        "websocket.send",
        "websocket.close",
    ]
    assert sent[1]["text"] == "hello"
    assert finished(captured) == []
    assert leaves_nothing_bound(captured)


async def test_a_websockets_exception_reaches_the_server(captured: Captured) -> None:
    async def failing(websocket: WebSocket) -> None:
        raise BrokenError(SECRET)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        return

    app = captured.telemetry.wrap(Starlette(routes=[WebSocketRoute("/echo", failing)]))
    with pytest.raises(BrokenError):
        await app(websocket_scope(), receive, send)
    assert leaves_nothing_bound(captured)


async def test_the_lifespan_of_an_application_runs(captured: Captured) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        seen.append("up")
        yield {"name": "shop"}
        seen.append("down")

    incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> Message:
        return next(incoming)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    state: dict[str, str] = {}
    app = captured.telemetry.wrap(Starlette(lifespan=lifespan))
    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}, receive, send)
    assert seen == ["up", "down"]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert state == {"name": "shop"}
    assert captured.spans() == []


async def test_a_scope_with_no_more_than_asgi_demands_is_served(captured: Captured) -> None:
    """Client, server, scheme, root_path and http_version are optional or may be None."""
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "client": None,
        "server": None,
    }
    sent = await call(captured, plain_asgi, scope)
    assert sent[0]["status"] == 200
    assert len(captured.spans()) == 1


async def test_a_unix_sockets_scope_is_served(captured: Captured) -> None:
    scope = scope_of(server=("/run/shop.sock", None), client=None)
    scope["headers"] = []
    await call(captured, plain_asgi, scope)
    attributes = attributes_of(captured.span("GET"))
    assert attributes["server.address"] == "/run/shop.sock"
    assert "server.port" not in attributes
