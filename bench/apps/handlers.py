"""The application without telemetry: a decision from a dictionary, after a data store if wanted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import redis.asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

ROUTE: Final = "/decisions/{user}"
_KEY: Final = "decision"
_CONNECTIONS: Final = 8
_ALLOWED: Final = {"alice": True, "bob": False}


def decisions() -> Starlette:
    """Return the application that asks nobody."""
    return _application(_nothing)


async def _nothing() -> None:
    """Ask nobody."""


def _application(
    ask: Callable[[], Awaitable[object]],
    lifespan: Callable[[Starlette], Any] | None = None,
) -> Starlette:
    async def decide(request: Request) -> JSONResponse:
        if ask is not _nothing:
            await ask()
        return JSONResponse({"allowed": _ALLOWED.get(request.path_params["user"], False)})

    return Starlette(routes=[Route(ROUTE, decide)], lifespan=lifespan)


def asyncpg_decisions(url: str) -> Starlette:
    """Return the application that runs one `SELECT 1`, on connections that are held open."""
    # Not asyncpg's pool: its reset on release would be a second statement.
    idle: asyncio.LifoQueue[Any] = asyncio.LifoQueue()

    async def select() -> None:
        connection = await idle.get()
        try:
            await connection.fetchval("SELECT 1")
        finally:
            idle.put_nowait(connection)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        connections = [await asyncpg.connect(url) for _ in range(_CONNECTIONS)]
        for connection in connections:
            idle.put_nowait(connection)
        yield
        for connection in connections:
            await connection.close()

    return _application(select, lifespan)


def redis_decisions(client: redis.asyncio.Redis) -> Starlette:
    """Return the application that runs one GET."""

    async def get() -> None:
        await client.get(_KEY)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await client.aclose()

    return _application(get, lifespan)


def redis_client(url: str) -> redis.asyncio.Redis:
    """Return a client as redis-py makes it by default."""
    return redis.asyncio.Redis.from_url(url)
