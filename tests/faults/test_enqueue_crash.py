"""A process is killed between its writes and their commit: no ghost, no orphan.

A trigger holds the transaction at the wanted place until the process is dead. A ghost would be a
job, a report or a mail whose transaction did not commit; an orphan, one of them without the others.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.faults.report_processes import Process, Stage, ask_for_report

GATE = 4_711
STOPS = """
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END'
"""
WAITS = """
    SELECT count(*) > 0 FROM pg_locks
    WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
"""
GONE = """
    SELECT count(*) = 0 FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = $1
"""


@pytest.fixture
async def stage(database_url: str, cache_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    opened = Stage(database_url, cache_url, tmp_path)
    await opened.serve_mail()
    yield opened
    await opened.close()


@contextlib.asynccontextmanager
async def gate(stage: Stage, trigger: str) -> AsyncIterator[Any]:
    """Hold every transaction that meets the trigger, until the block ends; then drop it."""
    async with stage.database() as checker:
        await checker.execute(STOPS)
        await checker.execute(f"{trigger} FOR EACH ROW EXECUTE FUNCTION wait_at_gate()")
        await checker.execute("SELECT pg_advisory_lock($1)", GATE)
        yield checker
        await checker.execute("DROP FUNCTION IF EXISTS wait_at_gate() CASCADE")


async def killed_at_gate(stage: Stage, process: Process, checker: Any) -> None:  # noqa: ANN401  # a connection
    """Kill the process that waits at the gate, then open it; return when its sessions ended."""
    await stage.until_sql(WAITS)
    process.kill()
    await checker.execute("SELECT pg_advisory_unlock($1)", GATE)
    await stage.until_sql(GONE, f"sightline-{process.name}")


async def asked_in_vain(client: httpx.AsyncClient) -> None:
    with contextlib.suppress(httpx.TransportError):
        await ask_for_report(client, "once")


async def asked_again(stage: Stage) -> UUID:
    """Ask under the same key, and let a worker do what there is to do."""
    web = await stage.start("web")
    async with web.client() as client:
        task_id = await ask_for_report(client, "once")
    await stage.start("worker")
    await stage.until_sql("SELECT status = 'done' FROM mail_outbox WHERE id = $1", task_id)
    return task_id


async def count(stage: Stage, *tables: str) -> list[int]:
    return [await stage.sql(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608  # ours


async def test_a_crash_before_the_commit_leaves_nothing(stage: Stage) -> None:
    web = await stage.start("web")
    trigger = "CREATE TRIGGER gate AFTER INSERT ON report_jobs"
    async with web.client() as client, gate(stage, trigger) as checker:
        asking = asyncio.create_task(asked_in_vain(client))
        await killed_at_gate(stage, web, checker)
        await asking
        assert await count(stage, "report_jobs", "audit_entries") == [0, 0]
    task_id = await asked_again(stage)
    assert stage.delivered() == {str(task_id): 1}


async def test_a_crash_in_the_commit_leaves_all_of_it(stage: Stage) -> None:
    web = await stage.start("web")
    trigger = (
        "CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON report_jobs DEFERRABLE INITIALLY DEFERRED"
    )
    async with web.client() as client, gate(stage, trigger) as checker:
        asking = asyncio.create_task(asked_in_vain(client))
        await killed_at_gate(stage, web, checker)
        await asking
        # Nobody heard of it, but it was decided: job and audit entry are there, and it is one.
        assert await count(stage, "report_jobs", "audit_entries") == [1, 1]
    task_id = await asked_again(stage)
    assert await count(stage, "report_jobs") == [1]
    assert stage.delivered() == {str(task_id): 1}


async def test_a_worker_that_dies_while_it_stores_leaves_the_job_open(stage: Stage) -> None:
    web = await stage.start("web")
    worker = await stage.start("worker")
    async with (
        web.client() as client,
        gate(stage, "CREATE TRIGGER gate AFTER INSERT ON mail_outbox") as checker,
    ):
        task_id = await ask_for_report(client)
        await killed_at_gate(stage, worker, checker)
        assert await count(stage, "reports", "report_parts", "mail_outbox") == [0, 0, 0]
        assert await stage.sql("SELECT status FROM report_jobs") == "running"
    await stage.start("worker")
    await stage.until_sql("SELECT status = 'done' FROM mail_outbox")
    assert await count(stage, "reports", "report_parts", "mail_outbox") == [1, 1, 1]
    assert stage.delivered() == {str(task_id): 1}


async def test_a_worker_that_dies_at_an_occurrence_leaves_it_due(stage: Stage) -> None:
    web = await stage.start("web")
    async with web.client() as client:
        wanted = {"recipient": "auditor@example.com", "cron": "@yearly"}
        assert (await client.post("/report-schedules", json=wanted)).status_code == 201
    await stage.sql("UPDATE report_schedules SET next_due = date_trunc('minute', now())")
    due = await stage.sql("SELECT next_due FROM report_schedules")
    async with gate(stage, "CREATE TRIGGER gate AFTER INSERT ON report_jobs") as checker:
        worker = await stage.start("worker")
        await killed_at_gate(stage, worker, checker)
        assert await count(stage, "report_jobs") == [0]
        assert await stage.sql("SELECT next_due FROM report_schedules") == due
    for _ in range(2):
        await stage.start("worker")
    await stage.until_sql("SELECT count(*) = 1 FROM mail_outbox WHERE status = 'done'")
    assert await stage.sql("SELECT occurrence FROM report_jobs") == due
    assert list(stage.delivered().values()) == [1]
