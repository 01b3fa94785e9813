"""The application under observation: a route for each case."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Host, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

SECRET: Final = "hunter2"  # noqa: S105  # planted, to be looked for


async def _item(_: Request) -> Response:
    return PlainTextResponse("hello")


async def _boom(_: Request) -> Response:
    message = f"the password is {SECRET}"
    raise ValueError(message)


async def _stream(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for _number in range(3):
            yield b"part"

    return StreamingResponse(parts())


async def _half(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"part"
        raise ValueError

    return StreamingResponse(parts())


async def _endless(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield b"x" * 65_536

    return StreamingResponse(parts())


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


class Asgi:
    """An endpoint that sends these messages, `between` being called before each."""

    def __init__(
        self, *messages: Message, between: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._messages = messages
        self._between = between

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's
        """Answer."""
        for message in self._messages:
            if self._between:
                await self._between()
            await send(dict(message))
        if self._between:
            await self._between()


def shop(*more: BaseRoute) -> Starlette:
    """Return the application, with routes of the case's own first."""
    folder = Path(tempfile.gettempdir())
    return Starlette(
        routes=[
            *more,
            Route("/items/{item}", _item, methods=["GET"]),
            Route("/boom", _boom),
            Route("/stream", _stream),
            Route("/half", _half),
            Route("/endless", _endless),
            Route("/silent", Asgi()),
            WebSocketRoute("/echo", _echo),
            Mount("/tenants/{tenant}", routes=[Route("/items/{item}", _item)]),
            Mount("/static", app=StaticFiles(directory=folder)),
            Host("{name}.hosts.test", app=Starlette(routes=[Route("/of/{item}", _item)])),
        ]
    )


def in_the_background(work: Callable[[], Awaitable[None]]) -> Route:
    """Return the route `/accepted`, whose work comes after its answer."""

    async def accepted(_: Request) -> Response:
        return PlainTextResponse("accepted", background=BackgroundTask(work))

    return Route("/accepted", accepted)
