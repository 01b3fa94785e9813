"""Health needs no key, and says which dependency is away."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
from starlette.requests import Request

from app.bootstrap import build
from app.database.pool import DatabasePool
from app.http.health import Dependency, ready
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.conftest import client_of


async def test_live_and_ready(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/livez")).json() == {"status": "live"}
    ready = await stranger.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ready",
        "checks": {
            "database": {"state": "up", "required": True},
            "redis": {"state": "up", "required": False},
        },
    }


async def test_without_redis_the_service_is_ready_but_degraded(
    settings: Settings, captured: Captured
) -> None:
    nowhere = settings.model_copy(
        update={"redis_url": type(settings.redis_url)("redis://127.0.0.1:1/0")}
    )
    service = build(nowhere, captured.telemetry)
    async with service.running(), client_of(service) as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "degraded"
    assert ready.json()["checks"]["redis"]["state"] == "down"


async def test_probes_make_no_spans_of_their_own(
    stranger: httpx.AsyncClient, captured: Captured
) -> None:
    await stranger.get("/readyz")
    assert captured.span_names() == ["GET /readyz"]


async def test_a_busy_pool_does_not_take_the_replica_out(
    service_pool: DatabasePool,
    settings: Settings,
    stranger: httpx.AsyncClient,
    eventually: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]],
) -> None:
    async with AsyncExitStack() as held:
        for _ in range(settings.database_pool_max):
            await held.enter_async_context(service_pool.acquire())
        busy = await stranger.get("/readyz")
    assert (busy.status_code, busy.json()["status"]) == (200, "degraded")
    assert busy.json()["checks"]["database"]["state"] == "busy"

    async def is_ready() -> bool:
        status: str = (await stranger.get("/readyz")).json()["status"]
        return status == "ready"

    await eventually(is_ready)


async def test_a_crowd_that_asks_shares_one_round_of_probes(
    eventually: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]],
) -> None:
    asked = 0
    gone = asyncio.Event()

    async def probe() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)
        if gone.is_set():
            raise OSError

    handle = ready([Dependency("database", probe, is_required=True)])
    request = Request({"type": "http", "method": "GET", "path": "/readyz", "headers": []})
    impatient = asyncio.ensure_future(handle(request))
    await asyncio.sleep(0)
    impatient.cancel()
    answers = await asyncio.gather(*(handle(request) for _ in range(200)))
    answers.append(await handle(request))
    assert {answer.status_code for answer in answers} == {200}
    assert asked == 1
    gone.set()

    async def is_known() -> bool:
        return (await handle(request)).status_code == 503

    await eventually(is_known)
