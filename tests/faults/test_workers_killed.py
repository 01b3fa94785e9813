"""Workers are killed with SIGKILL while reports are made and mailed: none is lost.

The bound on second deliveries: one for each kill. A worker has one mail in hand at a time; where it
dies between the mail server's answer and its commit, the mail leaves again when the lease is over.
The client keeps the ledger of what was acknowledged, the mail server that of what arrived.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.faults.form import LONG
from tests.faults.report_processes import LEASE_SECONDS, Stage, ask_for_report

REPORTS, KILLS = (5_000, 20) if LONG else (200, 4)
WORKERS = 2
WATCHDOG_SECONDS = 1_500.0 if LONG else 150.0


@pytest.fixture
async def stage(database_url: str, cache_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    opened = Stage(database_url, cache_url, tmp_path)
    await opened.serve_mail()
    yield opened
    await opened.close()


async def acknowledged(stage: Stage) -> set[UUID]:
    """Ask for all reports, eight at a time; the ledger is what was answered by a 202."""
    web = await stage.start("web")
    ledger: set[UUID] = set()
    async with web.client() as client:

        async def ask(count: int) -> None:
            for _ in range(count):
                ledger.add(await ask_for_report(client))

        await asyncio.gather(*(ask(REPORTS // 8) for _ in range(8)))
    assert len(ledger) == REPORTS
    return ledger


async def test_no_report_is_lost_and_few_arrive_twice(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = await acknowledged(stage)
    workers = [await stage.start("worker") for _ in range(WORKERS)]
    chance = random.Random(11)  # noqa: S311  # no secret
    began = time.monotonic()
    # Spread over the run by what has arrived, and at a random moment of the work.
    for kill in range(KILLS):
        due = REPORTS * (kill + 1) // (KILLS + 2)

        async def is_due(due: int = due) -> bool:
            return len(stage.mailbox.mails) >= due

        await stage.until(is_due, WATCHDOG_SECONDS)
        await asyncio.sleep(chance.uniform(0, 0.1))
        workers.pop(chance.randrange(WORKERS)).kill()
        workers.append(await stage.start("worker"))

    async def has_all() -> bool:
        return len(stage.delivered()) >= REPORTS

    await stage.until(has_all, WATCHDOG_SECONDS)
    # A mail that left unrecorded comes again when its lease is over.
    await stage.until_sql("SELECT count(*) = 0 FROM mail_outbox WHERE status <> 'done'")
    seconds = time.monotonic() - began

    taken_over = await stage.sql(
        "SELECT sum(attempt - 1) FROM (SELECT attempt FROM report_jobs"
        " UNION ALL SELECT attempt FROM mail_outbox) AS messages"
    )
    delivered = stage.delivered()
    twice = sum(delivered.values()) - len(delivered)
    with capsys.disabled():
        print(  # noqa: T201  # the measured figure
            f"\n{REPORTS} reports, {KILLS} kills of {WORKERS} workers, lease {LEASE_SECONDS:g} s:"
            f" {taken_over} taken over, 0 lost, {twice} delivered twice (bound {KILLS}),"
            f" {seconds:.0f} s"
        )
    assert taken_over > 0, "no kill met a worker with a message in hand"
    assert delivered.keys() == {str(task_id) for task_id in ledger}
    assert max(delivered.values()) <= 1 + KILLS
    assert twice <= KILLS
    assert await stage.sql("SELECT count(*) FROM report_jobs WHERE status = 'done'") == REPORTS
    assert await stage.sql("SELECT count(*) FROM reports") == REPORTS
