"""Every connection of the pool is busy: who cannot be served hears so soon, and nothing leaks."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.database.capacity import WEB_WATCHERS
from tests.faults.web_process import WebProcess, web_process

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]

POOL = 2
ACQUIRE_SECONDS = 0.5
SLACK_SECONDS = 2.0
"""What a busy machine may add to the bound; without one the callers would wait for ever."""
CALLERS = 60
NOT_LOCKED = ["alembic_version", "api_keys", "api_keys_mark", "grant_epoch"]
_POOL_LABEL = 'db_client_connection_pool_name="postgresql"'


def question(user: int | str) -> dict[str, str]:
    return {"user": f"user-{user}", "resource": "ledger", "action": "read"}


async def ask(client: httpx.AsyncClient, user: int | str) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    response = await client.post("/permissions/check", json=question(user))
    return response, time.monotonic() - began


async def lock_everything(connection: Any) -> None:  # noqa: ANN401  # asyncpg ships no types
    """Let every query of the service wait, but not what keeps it informed."""
    tables = await connection.fetch(
        "SELECT format('%I', relname) AS name FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> ALL($1)",
        NOT_LOCKED,
    )
    await connection.execute(f"LOCK TABLE {', '.join(row['name'] for row in tables)}")


async def test_callers_past_the_pool_get_a_503_in_time_and_nothing_leaks(
    database_url: str, cache_url: str, tmp_path: Path, eventually: Eventually
) -> None:
    settings = {
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_DATABASE_POOL_MIN": "1",
        "SIGHTLINE_DATABASE_POOL_MAX": str(POOL),
        "SIGHTLINE_DATABASE_ACQUIRE_SECONDS": str(ACQUIRE_SECONDS),
        "SIGHTLINE_DATABASE_COMMAND_SECONDS": "30",
    }
    holder = await asyncpg.connect(database_url)
    async with web_process(settings, tmp_path) as web, web.client() as client:
        transaction = holder.transaction()
        await transaction.start()
        await lock_everything(holder)
        asked = [asyncio.create_task(ask(client, n)) for n in range(CALLERS)]
        done, waiting = await asyncio.wait(asked, timeout=10 * ACQUIRE_SECONDS)
        assert len(waiting) == POOL, "each connection has one caller, and no other waits for ever"
        refused = [task.result() for task in done]
        assert {response.status_code for response, _ in refused} == {503}
        assert {response.headers["retry-after"] for response, _ in refused} == {"1"}
        assert (await client.get("/readyz")).json()["checks"]["database"]["state"] == "busy"
        assert (await client.get("/readyz")).status_code == 200

        # Some callers lose patience while they wait; their connections must come back as well.
        async with web.client(timeout=0.1) as hasty:
            gone = await asyncio.gather(
                *(ask(hasty, f"hasty-{n}") for n in range(20)), return_exceptions=True
            )
        assert {type(one) for one in gone} == {httpx.ReadTimeout}
        await transaction.rollback()

        served = [(await task)[0].status_code for task in waiting]
        assert served == [200] * POOL
        await all_is_given_back(web, eventually)
        await no_connection_is_left_over(holder)
        again = Counter([(await ask(client, f"later-{n}"))[0].status_code for n in range(3 * POOL)])
        assert again == {200: 3 * POOL}
        assert "request.failed" not in web.log
    await holder.close()
    slowest = max(seconds for _, seconds in refused)
    assert slowest < ACQUIRE_SECONDS + SLACK_SECONDS
    print(  # noqa: T201  # the figures of the promise
        f"\n{len(refused)} of {CALLERS} refused, the last after {slowest:.2f} s"
        f" (bound {ACQUIRE_SECONDS} s)"
    )


async def all_is_given_back(web: WebProcess, eventually: Eventually) -> None:
    state = "db_client_connection_state"

    async def is_so() -> bool:
        used = await web.metric(f'db_client_connection_count{{{_POOL_LABEL},{state}="used"}}')
        pending = await web.metric(f"db_client_connection_pending_requests{{{_POOL_LABEL}}}")
        return (used, pending) == (0, 0)

    await eventually(is_so)
    refusals = await web.metric(f"db_client_connection_timeouts_total{{{_POOL_LABEL}}}")
    assert refusals >= CALLERS - POOL


async def no_connection_is_left_over(connection: Any) -> None:  # noqa: ANN401  # asyncpg ships no types
    rows = await connection.fetch(
        "SELECT state FROM pg_stat_activity"
        " WHERE application_name = 'sightline-web' AND datname = current_database()"
    )
    assert len(rows) <= POOL + WEB_WATCHERS
    assert {row["state"] for row in rows} == {"idle"}
