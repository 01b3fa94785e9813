"""A worker is stopped past its lease in an import or a batch of users, and goes on later.

Another has taken the work over from its checkpoint and ended it; what the first one still wants to
write is refused, and each row and user counts once.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults.report_processes import Process, Stage

ROWS = 200_000
USERS = 1_000
GRANTS_EACH = 20
WAITS_IN_COPY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'ClientRead' AND query LIKE 'COPY %'
        AND state = 'active'
"""

Stop = Callable[[Stage, Process], Awaitable[None]]


@pytest.fixture
async def stage(database_url: str, cache_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    opened = Stage(database_url, cache_url, tmp_path)
    yield opened
    await opened.close()


async def stopped_at_once(_: Stage, worker: Process) -> None:
    worker.send(signal.SIGSTOP)


async def stopped_in_a_copy(stage: Stage, worker: Process) -> None:
    """Stop it while the server waits for the rest of its COPY."""
    async with stage.database() as watcher, asyncio.timeout(60):
        while True:
            if await watcher.fetchval(WAITS_IN_COPY):
                worker.send(signal.SIGSTOP)
                await asyncio.sleep(0.05)  # what it had sent by then is read
                if await watcher.fetchval(WAITS_IN_COPY):
                    return
                worker.send(signal.SIGCONT)


async def taken_over(
    stage: Stage, *, begun: str, done: str, stop: Stop = stopped_at_once
) -> Process:
    """Stop a worker once it has begun, let another come to the end, and let the first go on."""
    stalled = await stage.start("worker")
    await stage.until_sql(begun)
    await stop(stage, stalled)
    await stage.start("worker")
    await stage.until_sql(done)
    stalled.send(signal.SIGCONT)
    return stalled


@pytest.mark.parametrize("stop", [stopped_at_once, stopped_in_a_copy])
async def test_an_import_of_a_stalled_worker_has_each_row_once(stage: Stage, stop: Stop) -> None:
    web = await stage.start("web")
    lines = (f"user-{number % 997},doc:{number},read\n" for number in range(ROWS))
    async with web.client() as client:
        uploaded = await client.post(
            "/imports?kind=grants",
            content="user,resource,action\n" + "".join(lines),
            headers={"Content-Type": "text/csv"},
        )
    assert uploaded.status_code == 202, uploaded.text
    stalled = await taken_over(
        stage,
        begun="SELECT byte_offset > 0 FROM imports",
        done="SELECT status = 'done' FROM imports",
        stop=stop,
    )

    async def is_put_down() -> bool:
        return await stalled.metric("import_finished_total", import_outcome="interrupted") == 1

    await stage.until(is_put_down)
    assert await stage.sql("SELECT (attempt, rows_added) FROM imports") == (2, ROWS)
    assert await stage.sql("SELECT count(*) FROM grants") == ROWS
    audited = "SELECT sum((details->>'added')::int) FROM audit_entries WHERE action = 'import.rows'"
    assert await stage.sql(audited) == ROWS
    assert await stalled.metric("import_finished_total", import_outcome="done") == 0


async def test_a_batch_of_users_of_a_stalled_worker_has_each_user_once(stage: Stage) -> None:
    web = await stage.start("web")
    await stage.sql(
        "INSERT INTO grants (user_id, resource, action, granted_by)"
        " SELECT 'user-' || u, 'doc:' || u || '-' || d, 'read', 'tests'"
        " FROM generate_series(1, $1::int) AS u, generate_series(1, $2::int) AS d",
        *(USERS, GRANTS_EACH),
    )
    names = [f"user-{number}" for number in range(1, USERS + 1)]
    async with web.client() as client:
        accepted = await client.post(
            "/user-batches", json={"operation": "offboard", "users": names}
        )
    assert accepted.status_code == 202, accepted.text
    stalled = await taken_over(
        stage,
        begun="SELECT users_done > 0 FROM user_batches",
        done="SELECT status = 'done' FROM user_batches",
    )

    async def is_fenced() -> bool:
        return '"user_batch.interrupted"' in stalled.log

    await stage.until(is_fenced)
    assert "FencedError" in stalled.log, stalled.log
    assert await stage.sql("SELECT (attempt, users_done) FROM user_batches") == (2, USERS)
    assert await stage.sql("SELECT count(*) FROM grants") == 0
    revoked = (
        "SELECT (count(*), count(DISTINCT object)) FROM audit_entries WHERE action = 'grant.revoke'"
    )
    assert await stage.sql(revoked) == (USERS * GRANTS_EACH, USERS * GRANTS_EACH)
