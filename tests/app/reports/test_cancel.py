"""Cancel: at once what waits, and what is in hand as soon as it can end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest

from app import signals
from app.reports import maker
from app.reports.report import Limits
from tests.app.reports.conftest import Scene
from tests.app.reports.control import post, shown

CANCELLED = {"report.outcome": "cancelled"}


@contextlib.asynccontextmanager
async def held(scene: Scene) -> AsyncIterator[None]:
    """For the block, no report gets past the reading of its grants."""
    async with scene.pool.transaction() as connection:
        await connection.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
        yield


async def test_what_waits_is_cancelled_at_once(client: httpx.AsyncClient, scene: Scene) -> None:
    task_id = await scene.schedule()
    answer = await post(client, f"/reports/{task_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["finished_at"]
    assert scene.captured.sample(signals.REPORTS_FINISHED, CANCELLED) == 1
    assert (await post(client, f"/reports/{task_id}/cancel")).status_code == 409
    other = await scene.schedule()
    async with scene.working():
        await scene.reached(other, "done")
    assert len(scene.mailbox.mails) == 1


async def test_what_a_worker_has_in_hand_ends_by_itself(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    task_id = await scene.schedule()
    async with scene.working():
        async with held(scene):
            await scene.until_sql("SELECT status = 'running' FROM report_jobs")
            answer = await post(client, f"/reports/{task_id}/cancel")
            assert (answer.status_code, answer.json()["status"]) == (202, "running")
            assert answer.json()["cancel_requested"]
        await scene.reached(task_id, "cancelled")
    assert scene.mailbox.mails == []
    assert await scene.sql("SELECT count(*) FROM reports") == 0
    assert scene.captured.sample(signals.REPORTS_FINISHED, CANCELLED) == 1
    assert len(scene.lines("message.cancelled")) == 1
    assert scene.lines("report.failed") == []
    process = scene.captured.span("process reports")
    assert process.status.is_ok or process.status.is_unset


async def test_a_long_report_shows_its_progress_and_ends_between_two_pages(
    client: httpx.AsyncClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.sql(
        "INSERT INTO grants SELECT 'u' || n, 'r', 'a', 'root' FROM generate_series(1, 30) n"
    )
    reached_page, may_go_on = asyncio.Event(), asyncio.Event()
    progress = maker._Work.progress

    async def pausing(self: maker._Work, done: int, total: int) -> None:
        await progress(self, done, total)
        if done == 10:
            reached_page.set()
            await may_go_on.wait()

    monkeypatch.setattr(maker._Work, "progress", pausing)
    monkeypatch.setattr("app.reports.report.DEFAULT_LIMITS", Limits(page=5, part_bytes=10))
    task_id = await scene.schedule()
    async with scene.working():
        async with asyncio.timeout(20):
            await reached_page.wait()
        assert (await shown(client, task_id))["progress"] == {"rows_done": 10, "rows_total": 30}
        await post(client, f"/reports/{task_id}/cancel")
        may_go_on.set()
        await scene.reached(task_id, "cancelled")
        assert (await shown(client, task_id))["progress"]["rows_done"] == 15
        # A replay begins anew, and what the first attempt had written goes.
        assert await scene.sql("SELECT count(*) FROM report_parts WHERE attempt = 1") > 0
        assert (await post(client, f"/reports/{task_id}/replay")).status_code == 202
        await scene.reached(task_id, "done")
    assert (await shown(client, task_id))["progress"] == {"rows_done": 30, "rows_total": 30}
    assert await scene.sql("SELECT count(*) FROM report_parts WHERE attempt = 1") == 0


async def test_a_mail_that_waits_is_cancelled_and_one_on_its_way_is_not_tried_again(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    scene.mailbox.rcpt_answer = "451 4.3.0 later"
    waiting = await scene.schedule()
    async with scene.working():
        await scene.until_sql("SELECT due_at > now() FROM mail_outbox")
        assert (await post(client, f"/reports/{waiting}/cancel")).status_code == 200
        assert (await shown(client, waiting))["status"] == "cancelled"

        scene.mailbox.may_answer.clear()
        scene.mailbox.rcpt_answer = "250 OK"
        scene.mailbox.data_answer = "451 4.3.0 later"
        under_way = await scene.schedule()
        await scene.until(lambda: scene.mailbox.asked == 2)
        assert (await post(client, f"/reports/{under_way}/cancel")).status_code == 202
        scene.mailbox.may_answer.set()
        await scene.reached(under_way, "cancelled")
    assert scene.captured.sample(signals.MAIL_FINISHED, {"mail.outcome": "cancelled"}) == 1
    assert scene.mailbox.mails == []


async def test_a_cancel_that_comes_when_the_mail_has_left_comes_too_late(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    scene.mailbox.may_answer.clear()
    task_id = await scene.schedule()
    async with scene.working():
        await scene.until(lambda: scene.mailbox.asked == 1)
        assert (await post(client, f"/reports/{task_id}/cancel")).status_code == 202
        scene.mailbox.may_answer.set()
        await scene.reached(task_id, "done")
    assert len(scene.mailbox.mails) == 1


async def test_what_a_lost_worker_had_is_cancelled_by_the_next(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    task_id = await scene.schedule()
    await scene.sql(
        "UPDATE report_jobs SET attempt = 1, status = 'running',"
        " lease_until = now() - interval '1 s'"
    )
    assert (await post(client, f"/reports/{task_id}/cancel")).status_code == 202
    async with scene.working():
        await scene.reached(task_id, "cancelled")
    assert "report.generate" not in scene.captured.span_names()
    assert scene.captured.sample(signals.LEASES_EXPIRED, {"report.queue": "reports"}) == 1
