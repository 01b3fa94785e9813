"""The mail server is down, and two jobs are poison: the others drain, the two are dead letters.

Once what ails them is mended, a replay over the API delivers them, under their own Message-IDs.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.faults.form import LONG
from tests.faults.report_processes import Stage, ask_for_report

REPORTS = 300 if LONG else 30
POISONED_REPORT = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''poison''; END';
    CREATE TRIGGER refuse BEFORE INSERT ON reports FOR EACH ROW
    WHEN (NEW.body_text LIKE '%poison%') EXECUTE FUNCTION refuse();
"""
SETTINGS = {"SIGHTLINE_MAX_ATTEMPTS": "10", "SIGHTLINE_RETRY_SECONDS": "0.5"}


@pytest.fixture
async def stage(database_url: str, cache_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    opened = Stage(database_url, cache_url, tmp_path)
    yield opened
    await opened.close()


async def listed(client: httpx.AsyncClient, status: str) -> set[UUID]:
    """All reports of that status, through every page of the list."""
    found: set[UUID] = set()
    query: dict[str, Any] = {"status": status, "limit": 7}
    while True:
        page = (await client.get("/reports", params=query)).json()
        found |= {UUID(item["task_id"]) for item in page["items"]}
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def test_the_others_drain_and_a_replay_works(stage: Stage) -> None:
    async with stage.database() as checker:
        await checker.execute(POISONED_REPORT)
    web = await stage.start("web")
    async with web.client() as client:
        good = {await ask_for_report(client) for _ in range(REPORTS // 2)}
        unmade = await ask_for_report(client, user="poison")
        good |= {await ask_for_report(client) for _ in range(REPORTS // 2)}
        worker = await stage.start("worker", **SETTINGS)
        await stage.until_sql("SELECT count(*) >= $1 FROM mail_outbox WHERE attempt > 0", REPORTS)
        assert await stage.sql("SELECT count(*) FROM mail_outbox WHERE status = 'dead'") == 0

        await stage.serve_mail()
        stage.mailbox.refused = "unsent@example.com"
        unsent = await ask_for_report(client, recipient="unsent@example.com")

        async def is_drained() -> bool:
            # The waits of the poison double from try to try: the checker does not wait so long.
            await stage.sql("UPDATE report_jobs SET due_at = now() WHERE status = 'queued'")
            dead = await worker.metric("report_queue_dead", report_queue="reports")
            return dead == 1 and await listed(client, "dead") == {unmade, unsent}

        await stage.until(is_drained)
        await stage.until_sql(
            "SELECT count(*) = $1 FROM mail_outbox WHERE status = 'done'", REPORTS
        )
        assert stage.delivered() == {str(task_id): 1 for task_id in good}
        assert await stage.sql("SELECT attempt FROM report_jobs WHERE status = 'dead'") == 10

        stage.mailbox.refused = ""
        async with stage.database() as checker:
            await checker.execute("DROP TRIGGER refuse ON reports")
        for task_id in (unmade, unsent):
            replayed = await client.post(f"/reports/{task_id}/replay")
            assert replayed.status_code == 202, replayed.text

        async def is_delivered() -> bool:
            return await listed(client, "dead") == set() and len(stage.delivered()) == REPORTS + 2

        await stage.until(is_delivered)
    assert stage.delivered() == {str(task_id): 1 for task_id in good | {unmade, unsent}}
