"""A service with a route for each way to answer, and a client of it behind the middleware."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from telemetry.context import correlation_id
from telemetry.testing import Captured


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


def client_of(captured: Captured, app: ASGIApp | None = None) -> httpx.AsyncClient:
    wrapped = captured.telemetry.wrap(app or Starlette(routes=ROUTES))
    return httpx.AsyncClient(transport=httpx.ASGITransport(wrapped), base_url="http://shop.test")
