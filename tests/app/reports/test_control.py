"""Cancel, replay, list, download and forget: over HTTP, and by the operator's commands."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from app import signals
from app.errors import StartupError
from app.reports import maker
from app.reports.commands import dead_letters, replay_dead
from app.reports.report import Limits
from app.reports.retention import Retention
from tests.app.reports.conftest import ALICE, AUDIT_KEY, BOB, OPS_KEY, Scene

CANCELLED = {"report.outcome": "cancelled"}


async def post(client: httpx.AsyncClient, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401  # httpx's
    return await client.post(path, headers=OPS_KEY, **more)


async def shown(client: httpx.AsyncClient, task_id: UUID) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/reports/{task_id}", headers=OPS_KEY)).json()
    return answer


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


async def test_a_dead_mail_is_replayed_with_all_its_tries_and_one_message_id(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    scene.mailbox.rcpt_answer = "550 5.1.1 unknown"
    task_id = await scene.schedule()
    async with scene.working():
        await scene.reached(task_id, "dead")
        await scene.until(
            lambda: scene.captured.sample(signals.DEAD_LETTERS, {"report.queue": "mail"}) == 1
        )
        dead = await shown(client, task_id)
        assert dead["error_type"] == "app.reports.mail.MailRejectedError"
        scene.mailbox.rcpt_answer = "250 OK"
        replayed = await post(client, f"/reports/{task_id}/replay")
        assert (replayed.status_code, replayed.json()["error_type"]) == (202, None)
        await scene.reached(task_id, "done")
        assert (await post(client, f"/reports/{task_id}/replay")).status_code == 409
        assert (await post(client, f"/reports/{task_id}/cancel")).status_code == 409
    assert await scene.sql("SELECT (attempt, handed_back) FROM mail_outbox") == (2, 1)
    assert [mail["Message-ID"] for mail in scene.mailbox.mails] == [
        f"<{task_id}@sightline.example>"
    ]
    assert scene.captured.sample(signals.REPORTS_REPLAYED) == 1


async def test_only_the_owner_cancels_replays_and_downloads(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    task_id = await scene.schedule()
    for path in (f"/reports/{task_id}", "/reports/1"):
        for action in ("cancel", "replay"):
            foreign = await client.post(f"{path}/{action}", headers=AUDIT_KEY)
            assert (foreign.status_code, foreign.json()["detail"]) == (
                404,
                "There is no such report.",
            )
        assert (await client.get(f"{path}/csv", headers=AUDIT_KEY)).status_code == 404
    assert (await client.get("/reports", headers=AUDIT_KEY)).json()["items"] == []


async def test_the_csv_is_attached_and_can_be_fetched(
    client: httpx.AsyncClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.sql(
        "INSERT INTO grants SELECT '=u' || n, 'r', 'a', 'x' FROM generate_series(1, 9) n"
    )
    monkeypatch.setattr("app.reports.report.DEFAULT_LIMITS", Limits(page=2, part_bytes=10))
    small = await scene.schedule()
    async with scene.working():
        await scene.reached(small, "done")
        monkeypatch.setattr("app.reports.mailer.MAX_ATTACHED", 100)
        large = await scene.schedule()
        await scene.reached(large, "done")
    fetched = await client.get(f"/reports/{small}/csv", headers=OPS_KEY)
    assert fetched.headers["Content-Type"].startswith("text/csv")
    assert int(fetched.headers["Content-Length"]) == len(fetched.content)
    assert fetched.content.count(b"\r\n") == 10
    first, second = scene.mailbox.mails
    (attached,) = first.iter_attachments()
    assert attached.get_content_type() == "text/csv"
    assert attached.get_filename("").startswith("access-report-20")
    payload = attached.get_payload(decode=True)
    assert payload == fetched.content
    assert b'"\'=u1"' in fetched.content
    assert list(second.iter_attachments()) == []
    for kind in ("plain", "html"):
        body = second.get_body((kind,))
        assert body is not None
        assert f"GET /reports/{large}/csv" in body.get_content()


async def test_the_list_goes_from_new_to_old_in_pages(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    made = [str(await scene.schedule()) for _ in range(5)]
    await scene.sql("UPDATE report_jobs SET created_at = now()")  # the ID tells them apart
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/reports", params=query, headers=OPS_KEY)).json()
        seen += [item["task_id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (pages, seen) == (3, sorted(made, reverse=True))
    await post(client, f"/reports/{made[0]}/cancel")
    found = await client.get("/reports", params={"status": "cancelled"}, headers=OPS_KEY)
    assert [item["task_id"] for item in found.json()["items"]] == made[:1]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": "0"}, 422),
        ({"limit": "501"}, 422),
        ({"limit": "x"}, 422),
        ({"status": "gone"}, 422),
        ({"cursor": "x"}, 400),
        ({"cursor": "MjAyNi0xMS0yNA=="}, 400),
        ({"cursor": "\xe9"}, 400),
    ],
)
async def test_an_unfit_query_is_refused(
    client: httpx.AsyncClient, query: dict[str, str], status: int
) -> None:
    assert (await client.get("/reports", params=query, headers=OPS_KEY)).status_code == status


async def test_what_is_finished_is_forgotten_after_its_retention(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    key = {"Idempotency-Key": "once"}
    asked = {"recipient": ALICE, "user": BOB}
    answer = await client.post("/reports", json=asked, headers=OPS_KEY | key)
    task_id = UUID(answer.json()["task_id"])
    async with scene.working():
        await scene.reached(task_id, "done")
    retention = Retention(scene.pool, scene.captured.telemetry.meter, days=30)
    assert await retention.forget_some() == 0
    await scene.sql("UPDATE report_jobs SET finished_at = now() - interval '31 days'")
    assert await retention.forget_some() == 0  # its mail has not been done for long
    await scene.sql("UPDATE mail_outbox SET finished_at = now() - interval '31 days'")
    assert await retention.forget_some() == 1
    assert await retention.forget_some() == 0
    text = await scene.sql(
        "SELECT string_agg(job::text || report::text, '')"
        " FROM report_jobs AS job, reports AS report"
    )
    assert ALICE not in text
    assert BOB not in text
    assert await scene.sql("SELECT count(*) FROM report_parts") == 0
    assert (await client.get(f"/reports/{task_id}/csv", headers=OPS_KEY)).status_code == 404
    assert (await shown(client, task_id))["status"] == "done"
    assert scene.captured.sample(signals.RECIPIENTS_FORGOTTEN) == 1
    again = await client.post("/reports", json=asked, headers=OPS_KEY | key)
    assert again.json()["task_id"] != str(task_id)


async def test_what_is_not_finished_is_not_forgotten(scene: Scene) -> None:
    task_id = await scene.schedule()
    await scene.sql("UPDATE report_jobs SET created_at = now() - interval '90 days'")
    retention = Retention(scene.pool, scene.captured.telemetry.meter, days=30)
    assert await retention.forget_some() == 0
    async with scene.working():
        await scene.reached(task_id, "done")


async def bury(scene: Scene) -> UUID:
    scene.mailbox.rcpt_answer = "550 5.1.1 unknown"
    task_id = await scene.schedule()
    async with scene.working():
        await scene.reached(task_id, "dead")
    scene.mailbox.rcpt_answer = "250 OK"
    return task_id


async def test_an_operator_lists_and_replays_dead_reports(scene: Scene, database_url: str) -> None:
    first, second = await bury(scene), await bury(scene)
    lines = await dead_letters(database_url)
    assert [line.split()[0] for line in lines] == [str(first), str(second)]
    assert all(line.endswith("MailRejectedError") for line in lines)
    assert await replay_dead(database_url, str(first)) == [str(first)]
    assert await replay_dead(database_url, None) == [str(second)]
    async with scene.working():
        await scene.reached(first, "done")
        await scene.reached(second, "done")
    assert await dead_letters(database_url) == []
    for wrong in (str(first), "x", "00000000-0000-4000-8000-000000000001"):
        with pytest.raises(StartupError):
            await replay_dead(database_url, wrong)
    with pytest.raises(StartupError, match="cannot be asked"):
        await dead_letters("postgresql://postgres@127.0.0.1:1/x")


async def test_what_is_forgotten_cannot_be_replayed(
    client: httpx.AsyncClient, scene: Scene, database_url: str
) -> None:
    task_id = await bury(scene)
    await scene.sql("UPDATE report_jobs SET finished_at = now() - interval '31 days'")
    await scene.sql("UPDATE mail_outbox SET finished_at = now() - interval '31 days'")
    await Retention(scene.pool, scene.captured.telemetry.meter, days=30).forget_some()
    refused = await post(client, f"/reports/{task_id}/replay")
    assert refused.status_code == 409
    assert "retention" in refused.json()["detail"]
    assert await replay_dead(database_url, None) == []


async def test_each_act_is_on_record(client: httpx.AsyncClient, scene: Scene) -> None:
    task_id = await bury(scene)
    await post(client, f"/reports/{task_id}/replay")
    await post(client, f"/reports/{task_id}/cancel")
    actions = await scene.sql(
        "SELECT array_agg(actor || ' ' || action ORDER BY id) FROM audit_entries WHERE object = $1",
        f"report:{task_id}",
    )
    assert actions == [
        "ops report.schedule",
        "worker report.made",
        "ops report.replay",
        "ops report.cancel",
    ]


async def test_a_duplicate_audit_is_never_made_of_a_conflict(scene: Scene) -> None:
    for _ in range(2):
        await scene.scheduler.schedule_report(ALICE, None, "once", requested_by="ops")
    assert await scene.sql("SELECT count(*) FROM audit_entries") == 1
