"""What a worker does when the mail server, a report, its own lease or the database fails."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from app import signals
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.reports.scheduler import ReportScheduler
from telemetry.catalog import attributes
from tests.app.reports.conftest import Scene
from tests.servers import PostgresServer


async def test_a_mail_server_that_stays_away_is_asked_max_attempts_times(scene: Scene) -> None:
    scene.mailbox.rcpt_answer = "451 4.3.0 later"
    task_id = await scene.schedule()
    most = scene.settings.max_attempts
    async with scene.working():
        for tries in range(1, most):
            await scene.until_sql("SELECT attempt = $1 AND due_at > now() FROM mail_outbox", tries)
            await scene.sql("UPDATE mail_outbox SET due_at = now()")
        await scene.reached(task_id, "dead")

    assert scene.mailbox.asked == most
    sample = scene.captured.sample
    assert sample(signals.MAIL_FINISHED, {"mail.outcome": "retried"}) == most - 1
    assert sample(signals.MAIL_FINISHED, {"mail.outcome": "dead"}) == 1
    assert sample(signals.REPORTS_FINISHED, {"report.outcome": "dead"}) == 1
    failures = scene.lines("mail.failed")
    assert [line["report.attempt"] for line in failures] == list(range(1, most + 1))
    assert {line["smtp.reply.code"] for line in failures} == {451}
    assert ["report.retry_seconds" in line for line in failures] == [True] * (most - 1) + [False]


async def test_a_mail_that_is_refused_for_good_is_tried_once(scene: Scene) -> None:
    scene.mailbox.rcpt_answer = "550 5.1.1 unknown"
    task_id = await scene.schedule()
    async with scene.working():
        await scene.reached(task_id, "dead")
    assert scene.mailbox.asked == 1
    assert scene.captured.sample(signals.MAIL_FINISHED, {"mail.outcome": "retried"}) == 0


async def test_without_the_tls_that_is_required_no_mail_leaves(scene: Scene) -> None:
    changed = {"smtp_tls": "required", "max_attempts": 1}
    private = replace(scene, settings=scene.settings.model_copy(update=changed))
    task_id = await private.schedule()
    async with private.working():
        await private.reached(task_id, "dead")
    assert scene.mailbox.asked == 0


async def test_a_report_that_cannot_be_made_is_tried_again(scene: Scene) -> None:
    await scene.sql("ALTER TABLE grants RENAME TO lost_grants")
    task_id = await scene.schedule()
    failed = {"report.outcome": "retried"}
    async with scene.working():
        await scene.until(lambda: scene.captured.sample(signals.REPORTS_FINISHED, failed) == 1)
        await scene.sql("ALTER TABLE lost_grants RENAME TO grants")
        await scene.sql("UPDATE report_jobs SET due_at = now()")
        await scene.reached(task_id, "done")
    (line,) = scene.lines("report.failed")
    assert line["error.type"] == "asyncpg.exceptions.UndefinedTableError"
    assert "does not exist" not in line["exception.stacktrace"]
    first = scene.captured.spans()[scene.captured.span_names().index("process reports")]
    assert dict(first.attributes or {})[attributes.ERROR_TYPE] == line["error.type"]
    assert first.status.description is None


async def refuse(scene: Scene, when: str) -> None:
    """Let the database refuse a write, until the trigger `refuse` is dropped."""
    await scene.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''no''; END'"
    )
    await scene.sql(f"CREATE TRIGGER refuse {when} EXECUTE FUNCTION refuse()")


async def test_report_mail_and_the_end_of_the_job_are_one(scene: Scene) -> None:
    await refuse(scene, "BEFORE INSERT ON mail_outbox FOR EACH ROW")
    task_id = await scene.schedule()
    failed = {"report.outcome": "retried"}
    async with scene.working():
        await scene.until(lambda: scene.captured.sample(signals.REPORTS_FINISHED, failed) == 1)
        assert await scene.sql("SELECT status FROM report_jobs") == "queued"
        assert await scene.sql("SELECT count(*) FROM reports") == 0
        await scene.sql("DROP TRIGGER refuse ON mail_outbox")
        await scene.sql("UPDATE report_jobs SET due_at = now()")
        await scene.reached(task_id, "done")
    assert len(scene.mailbox.mails) == 1


async def test_a_mail_that_left_unrecorded_leaves_again_under_the_same_id(scene: Scene) -> None:
    await refuse(
        scene, "BEFORE UPDATE ON mail_outbox FOR EACH ROW WHEN (NEW.finished_at IS NOT NULL)"
    )
    task_id = await scene.schedule()
    async with scene.working():
        await scene.until(lambda: len(scene.lines("mail.failed")) == 1)
        await scene.sql("DROP TRIGGER refuse ON mail_outbox")
        await scene.sql("UPDATE mail_outbox SET due_at = now()")
        await scene.reached(task_id, "done")
    assert [mail["Message-ID"] for mail in scene.mailbox.mails] == [
        f"<{task_id}@sightline.example>"
    ] * 2
    sample = scene.captured.sample
    assert sample(signals.MAIL_FINISHED, {"mail.outcome": "sent"}) == 2
    assert sample(signals.MAIL_FINISHED, {"mail.outcome": "retried"}) == 0
    assert sample(signals.REPORTS_FINISHED, {"report.outcome": "delivered"}) == 1


async def test_a_job_that_took_every_worker_with_it_is_buried_untouched(scene: Scene) -> None:
    task_id = await scene.schedule()
    await scene.sql(
        "UPDATE report_jobs SET attempt = $1, status = 'running',"
        " lease_until = now() - interval '1 s'",
        scene.settings.max_attempts,
    )
    async with scene.working():
        await scene.reached(task_id, "dead")
    assert "report.generate" not in scene.captured.span_names()
    assert scene.captured.sample(signals.REPORTS_FINISHED, {"report.outcome": "dead"}) == 1
    assert len(scene.lines("report.dead")) == 1


async def test_a_report_made_under_a_lost_lease_leaves_nothing(scene: Scene) -> None:
    task_id = await scene.schedule()
    lost = {"report.queue": "reports"}
    async with scene.working(), scene.working():
        async with scene.pool.transaction() as connection:
            # Both workers get as far as reading the grants, the second by the first one's lease.
            await connection.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
            await scene.until_sql("SELECT attempt = 1 FROM report_jobs")
            await scene.sql("UPDATE report_jobs SET lease_until = now() - interval '1 s'")
            await scene.until_sql("SELECT attempt = 2 FROM report_jobs")
        await scene.reached(task_id, "done")
        await scene.until(lambda: scene.captured.sample(signals.LEASES_LOST, lost) == 1)

    assert len(scene.mailbox.mails) == 1
    assert len(scene.lines("report.generated")) == 1
    (line,) = scene.lines("lease.lost")
    assert (line["report.queue"], line["report.attempt"]) == ("reports", 1)
    types = [
        dict(span.attributes or {}).get(attributes.ERROR_TYPE)
        for span in scene.captured.spans()
        if span.name == "process reports"
    ]
    assert sorted(map(str, types)) == ["None", "app.reports.queue.LeaseLostError"]


async def test_a_mail_sent_under_a_lost_lease_is_not_called_delivered(scene: Scene) -> None:
    scene.mailbox.may_answer.clear()
    await scene.schedule()
    lost = {"report.queue": "mail"}
    async with scene.working():
        await scene.until(lambda: scene.mailbox.asked == 1)
        await scene.sql("UPDATE mail_outbox SET attempt = attempt + 1")
        scene.mailbox.may_answer.set()
        await scene.until(lambda: scene.captured.sample(signals.LEASES_LOST, lost) == 1)
    assert scene.captured.sample(signals.REPORTS_FINISHED, {"report.outcome": "delivered"}) == 0
    assert scene.captured.sample(signals.REPORT_DELIVERY_TIME) == 0
    assert await scene.sql("SELECT status FROM mail_outbox") == "running"


async def test_a_worker_that_stops_finishes_what_it_has_in_hand(scene: Scene) -> None:
    scene.mailbox.may_answer.clear()
    await scene.schedule()
    async with scene.working() as stop:
        await scene.until(lambda: scene.mailbox.asked == 1)
        stop.set()
        await scene.schedule()
        scene.mailbox.may_answer.set()
    assert len(scene.mailbox.mails) == 1
    statuses = await scene.sql("SELECT array_agg(status ORDER BY status) FROM report_jobs")
    assert statuses == ["done", "queued"]


async def test_a_worker_that_must_go_hands_its_message_back(scene: Scene) -> None:
    scene.mailbox.may_answer.clear()
    task_id = await scene.schedule()
    stop = asyncio.Event()
    worker = scene.work(stop, scene.settings.model_copy(update={"stop_seconds": 0.5}))
    await scene.until(lambda: scene.mailbox.asked == 1)
    stop.set()
    await worker
    assert scene.captured.events()[-1] == "message.handed_back"
    row = await scene.sql("SELECT (status, attempt, handed_back) FROM mail_outbox")
    assert row == ("queued", 1, 1)
    scene.mailbox.may_answer.set()
    async with scene.working():
        await scene.reached(task_id, "done")
    assert {mail["Message-ID"] for mail in scene.mailbox.mails} == {
        f"<{task_id}@sightline.example>"
    }


async def test_a_database_that_goes_away_is_waited_for(tmp_path: Path, scene: Scene) -> None:
    server = PostgresServer(tmp_path / "postgres").start()
    stop = asyncio.Event()
    try:
        await migrate(server.url())
        settings = scene.settings.model_copy(update={"database_url": SecretStr(server.url())})
        pool = await DatabasePool.open(settings, scene.captured.telemetry)
        theirs = Scene(
            ReportScheduler(pool, scene.captured.telemetry),
            scene.mailbox,
            scene.captured,
            pool,
            settings,
            scene.eventually,
        )
        worker = theirs.work(stop)

        server.stop()
        await theirs.until(lambda: len(theirs.lines("queue.unavailable")) == 2)
        depth = {"report.queue": "mail"}
        await theirs.until(lambda: math.isnan(theirs.captured.sample(signals.QUEUE_DEPTH, depth)))
        server.start()
        await theirs.until(lambda: len(theirs.lines("queue.recovered")) == 2)
        await theirs.reached(await theirs.schedule(), "done")
        assert len(theirs.lines("queue.unavailable")) == 2

        stop.set()
        await worker
        await pool.close()
    finally:
        server.stop()
