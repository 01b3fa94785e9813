"""Batches of users over HTTP: accepted, shown, paged, cancelled, refused."""

import asyncio
from typing import Any

import httpx
import pytest

from app.batches.user_worker import UserBatchRunner
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured

GRANT = {"user": "bob", "resource": "doc:1", "action": "read"}


@pytest.fixture
def runner(pool: DatabasePool, captured: Captured, settings: Settings) -> UserBatchRunner:
    return UserBatchRunner(pool, captured.telemetry, settings)


async def work(runner: UserBatchRunner) -> None:
    while (claim := await runner.batches.claim()) is not None:
        await runner.run(claim, asyncio.Event())


async def test_a_batch_is_accepted_run_and_seen(
    client: httpx.AsyncClient, runner: UserBatchRunner
) -> None:
    await client.post("/grants", json=GRANT)
    accepted = await client.post("/user-batches", json={"operation": "offboard", "users": ["bob"]})
    assert accepted.status_code == 202
    url = accepted.headers["location"]
    assert accepted.json()["status_url"] == url
    waiting = (await client.get(url)).json()
    assert waiting["task_id"] == accepted.json()["task_id"]
    assert (waiting["status"], waiting["users"]["total"]) == ("queued", 1)
    await work(runner)
    done = (await client.get(url)).json()
    assert done["status"] == "done"
    assert done["users"] == {"total": 1, "done": 1, "failed": 0}
    demand = GRANT | {"consistency": "full"}
    assert (await client.post("/permissions/check", json=demand)).json()["allowed"] is False


async def test_a_review_of_all_schedules_reports(
    client: httpx.AsyncClient, runner: UserBatchRunner, pool: DatabasePool
) -> None:
    async with pool.acquire() as connection:
        await connection.execute("INSERT INTO directory_users VALUES ('a', 'x'), ('b', 'x')")
    body = {"operation": "review", "users": "all", "recipient": "auditor@example.com"}
    assert (await client.post("/user-batches", json=body)).status_code == 202
    await work(runner)
    listed = (await client.get("/reports")).json()["items"]
    assert len(listed) == 2


async def test_the_same_key_is_answered_alike(client: httpx.AsyncClient) -> None:
    async def post(users: list[str]) -> httpx.Response:
        body = {"operation": "offboard", "users": users}
        return await client.post("/user-batches", json=body, headers={"Idempotency-Key": "k"})

    first = await post(["a", "b"])
    assert (await post(["b", "a", "a"])).json() == first.json()
    assert (await post(["a"])).status_code == 409


async def test_failures_are_paged(client: httpx.AsyncClient, pool: DatabasePool) -> None:
    accepted = await client.post("/user-batches", json={"operation": "offboard", "users": ["x"]})
    url = accepted.headers["location"]
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO user_batch_failures"
            " SELECT $1, 'é-' || n, 'E' FROM generate_series(1, 25) n",
            accepted.json()["task_id"],
        )
    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "10"} | ({"cursor": cursor} if cursor else {})
        page: dict[str, Any] = (await client.get(f"{url}/failures", params=query)).json()
        found += [item["user"] for item in page["items"]]
        assert len(page["items"]) <= 10
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(found) == len(set(found)) == 25
    for wrong in ("limit=0", "limit=501", "limit=x", "cursor=!!", "cursor=AA"):
        assert (await client.get(f"{url}/failures?{wrong}")).status_code == 422, wrong


async def test_a_waiting_batch_is_cancelled_at_once(client: httpx.AsyncClient) -> None:
    accepted = await client.post("/user-batches", json={"operation": "offboard", "users": ["x"]})
    url = accepted.headers["location"]
    cancelled = await client.post(f"{url}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (await client.post(f"{url}/cancel")).status_code == 409


async def test_a_batch_in_hand_is_cancelled_later(
    client: httpx.AsyncClient, runner: UserBatchRunner
) -> None:
    accepted = await client.post("/user-batches", json={"operation": "offboard", "users": ["x"]})
    url = accepted.headers["location"]
    claim = await runner.batches.claim()
    assert claim is not None
    assert (await client.post(f"{url}/cancel")).status_code == 202
    assert await runner.run(claim, asyncio.Event()) == "cancelled"


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "offboard", "users": "all"},
        {"operation": "offboard", "users": []},
        {"operation": "offboard", "users": ["a"] * 1_001},
        {"operation": "offboard", "users": ["a\x00"]},
        {"operation": "offboard", "users": ["a"], "recipient": "a@example.com"},
        {"operation": "review", "users": "all"},
        {"operation": "review", "users": "all", "recipient": "nobody"},
        {"operation": "else", "users": ["a"]},
        {"operation": "offboard"},
    ],
)
async def test_what_is_wrong_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    refused = await client.post("/user-batches", json=body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"


async def test_batches_are_their_bringers_own(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, pool: DatabasePool
) -> None:
    body = {"operation": "offboard", "users": ["x"]}
    assert (await stranger.post("/user-batches", json=body)).status_code == 401
    url = (await client.post("/user-batches", json=body)).headers["location"]
    async with pool.acquire() as connection:
        await connection.execute("UPDATE user_batches SET requested_by = 'another'")
    for path in (url, "/user-batches/nothing"):
        assert (await client.get(path)).status_code == 404
        assert (await client.get(f"{path}/failures")).status_code == 404
        assert (await client.post(f"{path}/cancel")).status_code == 404
