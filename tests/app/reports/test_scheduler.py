"""Putting a report on the queue: one row, one task ID, the request's context beside it."""

import asyncio
import json
import uuid
from typing import Any

import asyncpg
import pytest
from opentelemetry import trace

from app import signals
from app.database.pool import DatabasePool
from app.errors import Conflict
from app.reports.names import REPORTS
from app.reports.scheduler import ReportScheduler, enqueue
from telemetry import context
from telemetry.catalog import attributes, messaging
from telemetry.testing import Captured
from tests.app.reports.conftest import ALICE, Scene


async def jobs(pool: DatabasePool) -> list[Any]:
    async with pool.acquire() as connection:
        rows: list[Any] = await connection.fetch("SELECT * FROM report_jobs")
        return rows


async def test_the_job_carries_the_context_of_its_request(
    scheduler: ReportScheduler, pool: DatabasePool, captured: Captured
) -> None:
    with context.bound_correlation_id("case-7"):
        task_id = await scheduler.schedule_report(ALICE, requested_by="ops")

    (job,) = await jobs(pool)
    assert (job["id"], job["status"], job["requested_by"]) == (task_id, "queued", "ops")
    span = captured.span(signals.ENQUEUE_REPORT.name)
    assert span.kind is trace.SpanKind.PRODUCER
    carrier = json.loads(job["carrier"])
    assert carrier["correlation_id"] == "case-7"
    assert carrier["traceparent"].split("-")[1:3] == [
        trace.format_trace_id(span.context.trace_id),
        trace.format_span_id(span.context.span_id),
    ]
    assert dict(span.attributes or {}) == {
        attributes.MESSAGING_SYSTEM: "postgresql",
        attributes.MESSAGING_OPERATION_NAME: "send",
        attributes.MESSAGING_OPERATION_TYPE: "send",
        attributes.MESSAGING_DESTINATION_NAME: REPORTS,
        attributes.MESSAGING_MESSAGE_ID: str(task_id),
        attributes.MESSAGING_CONVERSATION_ID: "case-7",
    }
    (line,) = captured.logs()
    assert line["event"] == signals.REPORT_SCHEDULED.name
    assert line["correlation_id"] == "case-7"
    assert line["trace_id"] == trace.format_trace_id(span.context.trace_id)
    assert sent(captured) == 1


def sent(captured: Captured, error_type: str = "") -> float:
    labels = {attributes.MESSAGING_DESTINATION_NAME: REPORTS, attributes.ERROR_TYPE: error_type}
    return captured.sample(messaging.SENT_MESSAGES, labels)


async def test_the_same_key_and_request_is_one_job(
    scheduler: ReportScheduler, pool: DatabasePool, captured: Captured
) -> None:
    ids = await asyncio.gather(
        *(scheduler.schedule_report(ALICE, "bob", "key-1", requested_by="ops") for _ in range(4))
    )
    assert len(set(ids)) == 1
    assert [job["id"] for job in await jobs(pool)] == ids[:1]
    assert sent(captured) == 1
    assert captured.events() == [signals.REPORT_SCHEDULED.name]
    spans = [span for span in captured.spans() if span.name == signals.ENQUEUE_REPORT.name]
    named = [dict(span.attributes or {})[attributes.MESSAGING_MESSAGE_ID] for span in spans]
    assert named == [str(ids[0])] * 4


@pytest.mark.parametrize(("recipient", "subject"), [("b@c.example", "bob"), (ALICE, None)])
async def test_the_same_key_with_another_request_is_a_conflict(
    scheduler: ReportScheduler,
    pool: DatabasePool,
    captured: Captured,
    recipient: str,
    subject: str | None,
) -> None:
    await scheduler.schedule_report(ALICE, "bob", "key-1", requested_by="ops")
    with pytest.raises(Conflict):
        await scheduler.schedule_report(recipient, subject, "key-1", requested_by="ops")
    assert len(await jobs(pool)) == 1
    assert captured.sample(messaging.SENT_MESSAGES) == 1


async def test_keys_belong_to_who_uses_them_and_none_is_not_a_key(
    scheduler: ReportScheduler, pool: DatabasePool
) -> None:
    await scheduler.schedule_report(ALICE, None, "key-1", requested_by="ops")
    await scheduler.schedule_report(ALICE, None, "key-1", requested_by="audit")
    await scheduler.schedule_report(ALICE, requested_by="ops")
    await scheduler.schedule_report(ALICE, requested_by="ops")
    assert len({job["id"] for job in await jobs(pool)}) == 4


async def test_a_rolled_back_transaction_leaves_no_job(pool: DatabasePool) -> None:
    async def enqueue_and_fail() -> None:
        async with pool.transaction() as connection:
            await enqueue(connection, uuid.uuid4(), ALICE, None, None, "ops")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await enqueue_and_fail()
    assert await jobs(pool) == []


async def test_a_commit_that_fails_leaves_no_job_and_is_counted(
    scheduler: ReportScheduler, pool: DatabasePool, captured: Captured
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN RAISE EXCEPTION ''no''; END';
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON report_jobs
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
            """
        )
    with pytest.raises(asyncpg.RaiseError):
        await scheduler.schedule_report(ALICE, requested_by="ops")
    assert await jobs(pool) == []
    assert sent(captured) == 0
    assert sent(captured, "asyncpg.exceptions.RaiseError") == 1
    assert captured.events() == []


async def test_an_address_that_is_none_is_refused_before_anything_happens(
    scheduler: ReportScheduler, pool: DatabasePool, captured: Captured
) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"):
        await scheduler.schedule_report("x@y.example\r\nBcc: z@y.example", requested_by="ops")
    assert captured.span_names() == []
    assert await jobs(pool) == []


async def test_a_duplicate_audit_is_never_made_of_a_conflict(scene: Scene) -> None:
    for _ in range(2):
        await scene.scheduler.schedule_report(ALICE, None, "once", requested_by="ops")
    assert await scene.sql("SELECT count(*) FROM audit_entries") == 1
