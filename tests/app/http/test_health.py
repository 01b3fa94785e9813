"""Health needs no key, and says which dependency is away."""

from contextlib import AsyncExitStack

import httpx

from app.bootstrap import build
from app.database.pool import DatabasePool
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
    service_pool: DatabasePool, settings: Settings, stranger: httpx.AsyncClient
) -> None:
    async with AsyncExitStack() as held:
        for _ in range(settings.database_pool_max):
            await held.enter_async_context(service_pool.acquire())
        busy = await stranger.get("/readyz")
    assert (busy.status_code, busy.json()["status"]) == (200, "degraded")
    assert busy.json()["checks"]["database"]["state"] == "busy"
    assert (await stranger.get("/readyz")).json()["status"] == "ready"
