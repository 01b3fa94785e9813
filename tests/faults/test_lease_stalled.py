"""A worker is stopped past its lease and goes on later: its result is refused, and counted."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.report_processes import Process, Stage, ask_for_report

LOST = "report_leases_lost_total"


@pytest.fixture
async def stage(database_url: str, cache_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    opened = Stage(database_url, cache_url, tmp_path)
    await opened.serve_mail()
    yield opened
    await opened.close()


async def fenced(stage: Stage, worker: Process, queue: str) -> None:
    """Let the stopped worker go on, and wait until its fence is counted."""
    worker.send(signal.SIGCONT)

    async def is_counted() -> bool:
        return await worker.metric(LOST, report_queue=queue) == 1

    await stage.until(is_counted)


async def test_a_report_of_a_stalled_worker_is_not_stored(stage: Stage) -> None:
    web = await stage.start("web")
    async with web.client() as client, stage.database() as checker:
        stalled = await stage.start("worker")
        async with checker.transaction():
            # Whoever makes a report waits here, with its lease.
            await checker.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
            task_id = await ask_for_report(client)
            await stage.until_sql("SELECT attempt = 1 FROM report_jobs")
            stalled.send(signal.SIGSTOP)
            other = await stage.start("worker")
            await stage.until_sql("SELECT attempt = 2 FROM report_jobs")
        await stage.until_sql("SELECT status = 'done' FROM mail_outbox")
        await fenced(stage, stalled, "reports")

    assert await stage.sql("SELECT (attempt, status) FROM report_jobs") == (2, "done")
    assert await stage.sql("SELECT attempt FROM reports") == 2
    assert await stage.sql("SELECT count(*) FROM report_parts WHERE attempt = 1") == 0
    assert stage.delivered() == {str(task_id): 1}
    assert await other.metric(LOST, report_queue="reports") == 0
    assert await other.metric("report_leases_expired_total", report_queue="reports") == 1
    assert await stalled.metric("report_jobs_finished_total", report_outcome="delivered") == 0


async def test_a_mail_of_a_stalled_worker_is_not_recorded_twice(stage: Stage) -> None:
    web = await stage.start("web")
    async with web.client() as client:
        stage.mailbox.may_answer.clear()
        stalled = await stage.start("worker")
        task_id = await ask_for_report(client)

        async def is_at_the_mail_server() -> bool:
            return stage.mailbox.asked == 1

        await stage.until(is_at_the_mail_server)
        stalled.send(signal.SIGSTOP)
        stage.mailbox.may_answer.set()  # it takes the mail, and the worker does not hear of it
        other = await stage.start("worker")
        await stage.until_sql("SELECT status = 'done' FROM mail_outbox")
        finished_at = await stage.sql("SELECT finished_at FROM mail_outbox")
        await fenced(stage, stalled, "mail")

    assert await stage.sql("SELECT (attempt, status) FROM mail_outbox") == (2, "done")
    assert await stage.sql("SELECT finished_at FROM mail_outbox") == finished_at
    # At least once, and under one Message-ID: the second delivery of one lost lease.
    assert stage.delivered() == {str(task_id): 2}
    assert await other.metric("report_jobs_finished_total", report_outcome="delivered") == 1
    assert await stalled.metric("report_jobs_finished_total", report_outcome="delivered") == 0
