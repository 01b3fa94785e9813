"""The whole way: a job on the queue, a worker, a mail at a real server, and what was seen of it."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from prometheus_client import generate_latest

from app import signals
from app.errors import SettingsError
from app.reports.worker import run_worker
from telemetry import context
from telemetry.catalog import attributes, database, messaging
from tests.app.reports.conftest import ALICE, BOB, Scene

KINDS = {
    signals.ENQUEUE_REPORT: trace.SpanKind.PRODUCER,
    signals.PROCESS_REPORT: trace.SpanKind.CONSUMER,
    signals.GENERATE_REPORT: trace.SpanKind.INTERNAL,
    signals.ENQUEUE_MAIL: trace.SpanKind.PRODUCER,
    signals.PROCESS_MAIL: trace.SpanKind.CONSUMER,
    signals.SMTP_SEND: trace.SpanKind.CLIENT,
}


@pytest.fixture
async def delivered(scene: Scene) -> str:
    """The task ID of a report on BOB, asked for under a correlation ID, made and mailed."""
    await scene.sql("INSERT INTO grants VALUES ($1, 'vault', 'open', 'root')", BOB)
    with context.bound_correlation_id("case-7"):
        task_id = await scene.schedule(BOB)
    # What the worker was started in is no parent of what it does.
    with scene.captured.telemetry.tracing.span(signals.EVALUATE):
        async with scene.working():
            await scene.reached(task_id, "done")
    return str(task_id)


def ids(context: trace.SpanContext) -> tuple[int, int]:
    return context.trace_id, context.span_id


def linked(span: ReadableSpan) -> list[tuple[int, int]]:
    return [ids(link.context) for link in span.links]


async def test_the_mail_carries_the_report_and_the_callers_id_and_no_trace(
    scene: Scene, delivered: str
) -> None:
    (mail,) = scene.mailbox.mails
    assert mail["Message-ID"] == f"<{delivered}@sightline.example>"
    assert mail["X-Correlation-ID"] == "case-7"
    assert mail["To"] == ALICE
    assert not {"traceparent", "tracestate", "baggage"} & {name.lower() for name in mail}
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"{BOB}: open on vault (granted by root" in body.get_content()


async def test_three_traces_lead_to_one_another(scene: Scene, delivered: str) -> None:
    spans = {declared: scene.captured.span(declared.name) for declared in KINDS}
    assert {declared: span.kind for declared, span in spans.items()} == KINDS
    process, process_mail = spans[signals.PROCESS_REPORT], spans[signals.PROCESS_MAIL]
    assert linked(process) == [ids(spans[signals.ENQUEUE_REPORT].context)]
    assert linked(process_mail) == [ids(spans[signals.ENQUEUE_MAIL].context)]
    assert process.parent is process_mail.parent is None
    assert len({span.context.trace_id for span in spans.values()}) == 3
    assert spans[signals.GENERATE_REPORT].parent == process.context
    assert spans[signals.ENQUEUE_MAIL].parent == process.context
    assert spans[signals.SMTP_SEND].parent == process_mail.context
    for of_message in (process, spans[signals.ENQUEUE_MAIL], process_mail):
        described = dict(of_message.attributes or {})
        assert described[attributes.MESSAGING_CONVERSATION_ID] == "case-7"
        assert described[attributes.MESSAGING_MESSAGE_ID] == delivered


async def test_each_step_is_one_line_with_the_ids(scene: Scene, delivered: str) -> None:
    lines = {line["event"]: line for line in scene.captured.logs()}
    assert list(lines) == ["report.scheduled", "report.generated", "mail.sent"]
    assert {line["correlation_id"] for line in lines.values()} == {"case-7"}
    assert {line["report.task_id"] for line in lines.values()} == {delivered}
    mailed = scene.captured.span(signals.PROCESS_MAIL.name)
    assert lines["mail.sent"]["trace_id"] == trace.format_trace_id(mailed.context.trace_id)


@pytest.mark.usefixtures("delivered")
async def test_each_step_is_counted_once(scene: Scene) -> None:
    sample = scene.captured.sample
    assert sample(signals.REPORTS_FINISHED, {"report.outcome": "delivered"}) == 1
    assert sample(signals.MAIL_FINISHED, {"mail.outcome": "sent"}) == 1
    assert sample(signals.REPORT_DELIVERY_TIME) == 1
    for queue in ("reports", "mail"):
        at = {attributes.MESSAGING_DESTINATION_NAME: queue}
        assert sample(messaging.PROCESS_DURATION, at) == 1
        assert sample(messaging.SENT_MESSAGES, at) == 1
        assert sample(messaging.CONSUMED_MESSAGES, at) == 1
        assert sample(messaging.WAIT_DURATION, at) == 1


@pytest.mark.usefixtures("instrumented")
async def test_who_gets_it_and_whom_it_is_about_stay_out_of_telemetry(scene: Scene) -> None:
    await scene.sql("INSERT INTO grants VALUES ($1, 'vault', 'open', 'root')", BOB)
    scene.captured.clear()
    scene.mailbox.rcpt_answer = f"550 5.1.1 <{ALICE}> is unknown here"
    task_id = await scene.schedule(BOB)
    async with scene.working():
        await scene.reached(task_id, "dead")
    seen = "".join(span.to_json() for span in scene.captured.spans())
    seen += str(scene.captured.logs())
    seen += generate_latest(scene.captured.telemetry.meter.registry).decode()
    assert all(name in seen for name in ("smtp.send", "mail.failed", "INSERT INTO report_jobs"))
    for secret in (ALICE, BOB, "vault"):
        assert secret not in seen


@pytest.mark.usefixtures("instrumented")
async def test_an_idle_worker_makes_no_spans_and_no_lines(scene: Scene) -> None:
    pool = {attributes.DB_CONNECTION_POOL: "postgresql"}
    scene.captured.clear()
    async with scene.working():
        await scene.until(lambda: scene.captured.sample(database.WAIT_TIME, pool) > 20)
    assert scene.captured.span_names() == []
    assert scene.captured.logs() == []


async def test_two_workers_share_the_jobs_and_double_none(scene: Scene) -> None:
    tasks = [await scene.schedule() for _ in range(12)]
    async with scene.working(), scene.working():
        for task_id in tasks:
            await scene.reached(task_id, "done")
    assert sorted(mail["Message-ID"] for mail in scene.mailbox.mails) == sorted(
        f"<{task_id}@sightline.example>" for task_id in tasks
    )


async def test_what_waits_is_sampled_from_the_start(scene: Scene) -> None:
    await scene.schedule()
    await scene.sql("UPDATE report_jobs SET enqueued_at = now() - interval '1 hour'")
    sample = scene.captured.sample
    reports = {"report.queue": "reports"}
    async with AsyncExitStack() as stack, scene.pool.transaction() as connection:
        # The job stays in hand for as long as its grants cannot be read.
        await connection.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
        await stack.enter_async_context(scene.working())
        await scene.until(lambda: sample(signals.QUEUE_DEPTH, reports) == 1)
        assert 3600 <= sample(signals.QUEUE_AGE, reports) < 7200
        assert sample(signals.QUEUE_DEPTH, {"report.queue": "mail"}) == 0


async def test_a_sender_that_is_no_address_is_one_clear_error(scene: Scene) -> None:
    wrong = scene.settings.model_copy(update={"mail_from": "nobody"})
    with pytest.raises(SettingsError, match="SIGHTLINE_MAIL_FROM is not an e-mail address"):
        await run_worker(wrong, scene.captured.telemetry, scene.pool, asyncio.Event())
