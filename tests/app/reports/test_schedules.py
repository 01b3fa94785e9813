"""Schedules: what a worker's clock puts on the queue, and that it does so once."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app import signals
from app.database import keys
from app.errors import Conflict
from app.reports import schedules as schedules_module
from app.reports.clock import ScheduleClock, occurrence_id
from app.reports.schedules import ReportSchedules, Schedule
from tests.app.reports.conftest import ALICE, AUDIT_KEY, BOB, OPS, OPS_KEY, Scene

OFTEN = {"recipient": ALICE, "cron": "*/5 * * * *"}


@pytest.fixture
def schedules(scene: Scene) -> ReportSchedules:
    return ReportSchedules(scene.pool)


@pytest.fixture
async def due(scene: Scene, schedules: ReportSchedules) -> Schedule:
    """A schedule of every five minutes, an occurrence of which has just fallen due."""
    created = await schedules.create(ALICE, BOB, "*/5 * * * *", "UTC", owned_by=OPS)
    await scene.sql("UPDATE report_schedules SET next_due = date_trunc('minute', now())")
    return created


def clock_of(scene: Scene) -> ScheduleClock:
    return ScheduleClock(
        scene.pool, scene.captured.telemetry, poll_seconds=0.02, on_due=lambda: None
    )


async def test_a_worker_makes_and_mails_what_falls_due(scene: Scene, due: Schedule) -> None:
    async with scene.working():
        await scene.until_sql("SELECT status = 'done' FROM mail_outbox")
    (mail,) = scene.mailbox.mails
    assert mail["To"] == ALICE
    row = await scene.sql("SELECT (schedule_id, requested_by, subject) FROM report_jobs")
    assert row == (due.id, OPS, BOB)
    assert await scene.sql("SELECT next_due > now() FROM report_schedules")
    assert scene.captured.sample(signals.SCHEDULE_RUNS, {"report.schedule.run": "on_time"}) == 1
    send = scene.captured.span("send reports")
    process = scene.captured.span("process reports")
    assert [link.context.span_id for link in process.links] == [send.context.span_id]
    assert len(mail["X-Correlation-ID"]) == 32


@pytest.mark.usefixtures("due")
async def test_many_clocks_put_an_occurrence_out_once(scene: Scene) -> None:
    for _ in range(5):
        clocks = [clock_of(scene) for _ in range(6)]
        await asyncio.gather(*(clock.put_out_one() for clock in clocks))
        await scene.sql("UPDATE report_schedules SET next_due = last_due - interval '1 minute'")
    assert await scene.sql("SELECT count(*) FROM report_jobs") == 5


async def test_an_occurrence_that_is_on_record_is_not_put_out_again(
    scene: Scene, due: Schedule
) -> None:
    """As after a restore of the schedules alone: schedule and time are a unique key."""
    assert await clock_of(scene).put_out_one()
    await scene.sql("UPDATE report_schedules SET next_due = last_due")
    assert await clock_of(scene).put_out_one()
    when = await scene.sql("SELECT last_due FROM report_schedules")
    assert await scene.sql("SELECT array_agg(id) FROM report_jobs") == [occurrence_id(due.id, when)]


@pytest.mark.usefixtures("due")
async def test_what_fell_due_while_nobody_worked_is_one_report(scene: Scene) -> None:
    await scene.sql("UPDATE report_schedules SET next_due = now() - interval '3 days'")
    clock = clock_of(scene)
    assert await clock.put_out_one()
    assert not await clock.put_out_one()
    assert await scene.sql("SELECT count(*) FROM report_jobs") == 1
    assert await scene.sql("SELECT next_due > now() FROM report_schedules")
    assert scene.captured.sample(signals.SCHEDULE_RUNS, {"report.schedule.run": "missed"}) == 1


@pytest.mark.usefixtures("due")
async def test_the_job_and_the_next_time_are_one(scene: Scene) -> None:
    await scene.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''no''; END'"
    )
    await scene.sql(
        "CREATE TRIGGER refuse BEFORE UPDATE ON report_schedules"
        " FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    with pytest.raises(Exception, match="no"):
        await clock_of(scene).put_out_one()
    assert await scene.sql("SELECT count(*) FROM report_jobs") == 0
    assert scene.captured.sample(signals.SCHEDULE_RUNS) == 0
    await scene.sql("DROP TRIGGER refuse ON report_schedules")
    assert await clock_of(scene).put_out_one()


@pytest.mark.usefixtures("due")
async def test_a_schedule_that_lost_its_time_zone_rests_and_the_others_run(
    scene: Scene, schedules: ReportSchedules
) -> None:
    await scene.sql("UPDATE report_schedules SET time_zone = 'Mars/Olympus'")
    await schedules.create(ALICE, None, "@daily", "UTC", owned_by=OPS)
    await scene.sql("UPDATE report_schedules SET next_due = now() WHERE time_zone = 'UTC'")
    async with scene.working():
        await scene.until_sql("SELECT count(*) = 1 FROM mail_outbox WHERE status = 'done'")
    assert await scene.sql("SELECT next_due IS NULL FROM report_schedules WHERE cron <> '@daily'")
    assert len(scene.lines("schedule.wrong")) == 1


async def test_a_schedule_rests_while_no_key_of_its_name_is_valid(
    scene: Scene, schedules: ReportSchedules
) -> None:
    async with scene.pool.transaction() as connection:
        for owner in ("gone", "rotated"):
            await keys.add(
                connection, f"old {owner}", owner, owner.encode().ljust(32), ["manage"], None, None
            )
            await keys.revoke(connection, f"old {owner}")
        await keys.add(connection, "new", "rotated", b"y" * 32, ["manage"], None, None)
    for owner in ("gone", "rotated", "of the settings"):
        await schedules.create(ALICE, None, "*/5 * * * *", "UTC", owned_by=owner)
    await scene.sql("UPDATE report_schedules SET next_due = date_trunc('minute', now())")
    clock = clock_of(scene)
    for _ in range(3):
        assert await clock.put_out_one()
    assert not await clock.put_out_one()
    owners = "SELECT array_agg(requested_by ORDER BY requested_by) FROM report_jobs"
    assert await scene.sql(owners) == ["of the settings", "rotated"]
    (line,) = scene.lines("schedule.skipped")
    skipped = "SELECT id FROM report_schedules WHERE owned_by = 'gone'"
    assert line["report.schedule_id"] == str(await scene.sql(skipped))
    # It falls due again, and goes on once there is a key of that name.
    await scene.sql("UPDATE report_schedules SET next_due = now() WHERE owned_by = 'gone'")
    async with scene.pool.transaction() as connection:
        await keys.add(connection, "again", "gone", b"z" * 32, ["manage"], None, None)
    assert await clock.put_out_one()
    assert await scene.sql("SELECT count(*) FROM report_jobs WHERE requested_by = 'gone'") == 1


async def test_a_key_of_the_settings_keeps_its_schedules(
    scene: Scene, schedules: ReportSchedules
) -> None:
    async with scene.pool.transaction() as connection:
        await keys.add(connection, "old", OPS, b"x" * 32, ["manage"], None, None)
        await keys.revoke(connection, "old")
    await schedules.create(ALICE, None, "*/5 * * * *", "UTC", owned_by=OPS)
    await scene.sql("UPDATE report_schedules SET next_due = date_trunc('minute', now())")
    clock = ScheduleClock(
        scene.pool,
        scene.captured.telemetry,
        poll_seconds=0.02,
        on_due=lambda: None,
        bootstrap_keys=[OPS],
    )
    assert await clock.put_out_one()
    assert await scene.sql("SELECT count(*) FROM report_jobs") == 1


async def test_a_key_has_a_bounded_number_of_schedules(
    schedules: ReportSchedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules_module, "MAX_SCHEDULES", 2)
    for _ in range(2):
        await schedules.create(ALICE, None, "@daily", "UTC", owned_by=OPS)
    with pytest.raises(Conflict, match="the most"):
        await schedules.create(ALICE, None, "@daily", "UTC", owned_by=OPS)
    await schedules.create(ALICE, None, "@daily", "UTC", owned_by="audit")


async def test_a_schedule_is_added_shown_listed_and_deleted(client: httpx.AsyncClient) -> None:
    wanted = OFTEN | {"user": BOB, "time_zone": "Europe/Berlin"}
    added = await client.post("/report-schedules", json=wanted, headers=OPS_KEY)
    assert added.status_code == 201
    shown = added.json()
    url = added.headers["Location"]
    assert url == f"/report-schedules/{shown['schedule_id']}"
    assert {name: shown[name] for name in wanted} == wanted
    ahead = datetime.fromisoformat(shown["next_due"]) - datetime.now(UTC)
    assert timedelta(0) < ahead <= timedelta(minutes=5)
    assert (await client.get(url, headers=OPS_KEY)).json() == shown
    listed = (await client.get("/report-schedules", headers=OPS_KEY)).json()
    assert listed == {"items": [shown], "next_cursor": None}

    assert (await client.get(url, headers=AUDIT_KEY)).status_code == 404
    assert (await client.delete(url, headers=AUDIT_KEY)).status_code == 404
    assert (await client.get("/report-schedules", headers=AUDIT_KEY)).json()["items"] == []
    assert (await client.delete(url, headers=OPS_KEY)).status_code == 204
    assert (await client.delete(url, headers=OPS_KEY)).status_code == 404
    assert (await client.get("/report-schedules/1", headers=OPS_KEY)).status_code == 404


async def test_a_repeated_request_is_the_same_schedule(client: httpx.AsyncClient) -> None:
    headers = OPS_KEY | {"Idempotency-Key": "once"}
    first = await client.post("/report-schedules", json=OFTEN, headers=headers)
    again = await client.post("/report-schedules", json=OFTEN, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await client.post("/report-schedules", json=OFTEN | {"user": BOB}, headers=headers)
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"cron": "every day"}, "cron"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": 5}, "cron"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"recipient": "alice"}, "recipient"),
    ],
)
async def test_a_wrong_field_is_named(
    client: httpx.AsyncClient, changed: dict[str, Any], field: str
) -> None:
    refused = await client.post("/report-schedules", json=OFTEN | changed, headers=OPS_KEY)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_an_occurrence_has_one_id_in_every_zone() -> None:
    schedule, when = uuid.uuid4(), datetime(2026, 11, 24, 9, tzinfo=UTC)
    elsewhere = when.astimezone()
    assert occurrence_id(schedule, when) == occurrence_id(schedule, elsewhere)
    assert occurrence_id(schedule, when) != occurrence_id(schedule, when + timedelta(minutes=1))
