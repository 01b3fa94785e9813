"""Permission checks from outside, with a ledger of what each had to answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

RESOURCE = "ledger"
ACTION = "read"


def question(user: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # of the body
    return {"user": user, "resource": RESOURCE, "action": ACTION, **more}


async def ask(client: httpx.AsyncClient, user: str, **more: Any) -> httpx.Response:  # noqa: ANN401  # as above
    return await client.post("/permissions/check", json=question(user, **more))


async def allowed(client: httpx.AsyncClient, user: str, **more: Any) -> bool:  # noqa: ANN401  # as above
    response = await ask(client, user, **more)
    assert response.status_code == 200, response.text
    answer: bool = response.json()["allowed"]
    return answer


async def grant(client: httpx.AsyncClient, user: str) -> str:
    """Grant, and return the consistency token."""
    response = await client.post("/grants", json=question(user))
    assert response.is_success, response.text
    return response.headers["consistency-token"]


async def revoke(client: httpx.AsyncClient, user: str) -> str:
    """Revoke, and return the consistency token."""
    response = await client.request("DELETE", "/grants", json=question(user))
    assert response.is_success, response.text
    return response.headers["consistency-token"]


@dataclass
class Tally:
    """What the traffic saw: how often it was served, and what should not have been."""

    served: int = 0
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@asynccontextmanager
async def steady_checks(
    client: httpx.AsyncClient, expected: dict[str, bool], callers: int = 4
) -> AsyncIterator[Tally]:
    """Ask for everybody in turn while the block lasts; `expected` is the ledger."""
    tally = Tally()
    stopped = asyncio.Event()

    async def caller() -> None:
        while not stopped.is_set():
            for user, expects in expected.items():
                began = time.monotonic()
                response = await ask(client, user)
                tally.seconds.append(time.monotonic() - began)
                if response.status_code != 200:
                    tally.failed.append(f"{user}: {response.status_code}")
                elif response.json()["allowed"] is not expects:
                    tally.wrong.append(f"{user}: {response.text}")
                tally.served += 1
                await asyncio.sleep(0.005)

    tasks = [asyncio.create_task(caller()) for _ in range(callers)]
    try:
        yield tally
    finally:
        stopped.set()
        await asyncio.gather(*tasks)
