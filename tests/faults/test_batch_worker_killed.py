"""The worker is killed in the middle of an upload's import, and of a batch of users.

Both were acknowledged over HTTP. The ledger is the test's own: it made the file and named the
users, so it knows each grant that must be there, each that must be gone, and that every one of
them is on record once.
"""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.faults.form import LONG
from tests.faults.web_process import web_process

ROOT = Path(__file__).parents[2]
ROWS = 400_000 if LONG else 60_000
USERS = 20_000 if LONG else 3_000
KILLS = 20 if LONG else 3
WATCHDOG_SECONDS = 600.0


@pytest.fixture
def environment(database_url: str, cache_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_LEASE_SECONDS": "1",
        "SIGHTLINE_POLL_SECONDS": "0.05",
        "SIGHTLINE_METRICS_PORT": "0",
        "SIGHTLINE_MAX_ATTEMPTS": "1000",
        "OTEL_SDK_DISABLED": "true",
        "SIGHTLINE_PSEUDONYM_KEY": "a key that is only for these tests",
    }


def start_worker(environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )


async def survive(
    connection: Any,  # noqa: ANN401  # asyncpg's
    environment: dict[str, str],
    folder: Path,
    *,
    reached: str,
    total: int,
) -> int:
    """Kill worker after worker as the work goes on, let the last end; return how many died.

    `reached` is the query of how far the work is, of `total`.
    """
    killed = 0
    for kill in range(KILLS + 1):
        worker = start_worker(environment, folder)
        is_last = kill == KILLS
        begun = await connection.fetchval(reached)
        target = total if is_last else begun + (total - begun) // (KILLS - kill + 1)
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while await connection.fetchval(reached) < max(1, target):  # another has no Event
                assert worker.poll() is None, (folder / "worker.log").read_text()
                await asyncio.sleep(0.01)
        is_open = await connection.fetchval(reached) < total
        worker.send_signal(signal.SIGTERM if is_last else signal.SIGKILL)
        killed += is_open and not is_last
        await asyncio.to_thread(worker.wait)
    return killed


async def to_its_end(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(url)).json()
    assert found["status"] == "done", found
    return found


async def test_what_was_acknowledged_is_done_once_whatever_dies(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database_url)
    lines = (f"user-{number % USERS},doc:{number},read\n" for number in range(ROWS))
    content = "user,resource,action\n" + "".join(lines)
    async with web_process(environment, tmp_path) as web, web.client() as client:
        uploaded = await client.post(
            "/imports?kind=grants", content=content, headers={"Content-Type": "text/csv"}
        )
        assert uploaded.status_code == 202, uploaded.text
        killed = await survive(
            connection,
            environment,
            tmp_path,
            reached="SELECT max(byte_offset) FROM imports",
            total=len(content),
        )
        imported = await to_its_end(client, uploaded.headers["location"])
        assert imported["rows"] == {"done": ROWS, "added": ROWS, "unchanged": 0, "rejected": 0}
        there = "SELECT count(*), count(DISTINCT resource) FROM grants"
        assert tuple(await connection.fetchrow(there)) == (ROWS, ROWS)
        audited = "SELECT sum((details->>'added')::int) FROM audit_entries WHERE action = $1"
        assert await connection.fetchval(audited, "import.rows") == ROWS
        assert killed > KILLS // 2
        print(f"\nupload: {killed} workers killed over {ROWS:,} rows")  # noqa: T201  # the figure

        leaving = [f"user-{number}" for number in range(0, USERS, 3)]
        batches = [
            await client.post("/user-batches", json={"operation": "offboard", "users": some})
            for some in (leaving[at : at + 1_000] for at in range(0, len(leaving), 1_000))
        ]
        assert {accepted.status_code for accepted in batches} == {202}
        killed = await survive(
            connection,
            environment,
            tmp_path,
            reached="SELECT sum(users_done + (status = 'done')::int) FROM user_batches",
            total=len(leaving) + len(batches),
        )
        for accepted in batches:
            done = await to_its_end(client, accepted.headers["location"])
            assert (done["users"]["done"], done["users"]["failed"]) == (done["users"]["total"], 0)
        assert killed > KILLS // 2
        print(f"batches: {killed} workers killed over {len(leaving):,} users")  # noqa: T201  # the figure
    gone = sum(number % USERS % 3 == 0 for number in range(ROWS))
    assert await connection.fetchval("SELECT count(*) FROM grants") == ROWS - gone
    left = "SELECT count(*) FROM grants WHERE user_id = ANY($1)"
    assert await connection.fetchval(left, leaving) == 0
    revoked = "SELECT count(*), count(DISTINCT object) FROM audit_entries WHERE action = $1"
    assert tuple(await connection.fetchrow(revoked, "grant.revoke")) == (gone, gone)
    await connection.close()
