"""The report queue's consumer side: a job becomes a report and a mail in the outbox.

Report, mail, audit entry and the end of the job commit together, under the claim's fence: a job is
either open or has exactly one report, whatever dies when. The CSV's parts are written before, under
the attempt's number; those of an attempt that came to nothing are deleted by the next.
"""

import json
from collections.abc import Callable
from typing import Final

import structlog

from app import signals
from app.audit.trail import Entry, record
from app.database.pool import DatabasePool
from app.database.report_statements import (
    FORGET_PARTS,
    INSERT_MAIL,
    INSERT_PART,
    INSERT_REPORT,
    JOB_SUBJECT,
    PROGRESS,
    ROWS_MADE,
)
from app.reports import attributes
from app.reports.names import MAIL, WORKER, object_of
from app.reports.queue import CancelRequestedError, Claim, LeaseLostError, LeaseQueue
from app.reports.report import Limits, Report, make_report
from telemetry import propagation
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

_FIRST_ATTEMPT: Final = 1

logger = structlog.stdlib.get_logger()


class ReportHandler:
    """Makes the report of a claimed job (`app.reports.consumer.Handler`).

    `on_made` is called after each: it wakes the mailer, which would else wait for its next poll.
    """

    def __init__(
        self,
        pool: DatabasePool,
        queue: LeaseQueue,
        telemetry: Telemetry,
        *,
        on_made: Callable[[], None],
        limits: Limits | None = None,
    ) -> None:
        self._pool = pool
        self._queue = queue
        self._on_made = on_made
        self._limits = limits
        self._tracing = telemetry.tracing
        self._pseudonyms = telemetry.pseudonyms
        self._messaging = Messaging(
            telemetry.tracing, telemetry.meter, system=attributes.MESSAGING_SYSTEM
        )
        self._finished = telemetry.meter.counter(signals.REPORTS_FINISHED)

    async def handle(self, claim: Claim) -> None:
        """Make the report, then store it, its mail and the end of the job."""
        with self._tracing.span(signals.GENERATE_REPORT):
            async with self._pool.acquire() as connection:
                subject = await connection.fetchval(JOB_SUBJECT, claim.id)
                if claim.attempt > _FIRST_ATTEMPT:
                    await connection.execute(FORGET_PARTS, claim.id, claim.attempt)
            if subject is not None:
                self._pseudonyms.mark(signals.SUBJECT_HASH, subject)
            work = _Work(self._pool, claim)
            report = await make_report(
                self._pool, subject, work.keep_part, work.progress, self._limits
            )
        await self._store(claim, report, work)
        self._on_made()
        logger.info(
            signals.REPORT_GENERATED.name,
            **{attributes.TASK_ID: str(claim.id), attributes.GRANTS: report.rows},
        )

    async def _store(self, claim: Claim, report: Report, work: "_Work") -> None:
        # The mail is sent when all of it is committed, so the span is about the whole.
        with self._messaging.sending(signals.ENQUEUE_MAIL, MAIL, str(claim.id)) as sending:
            carrier = json.dumps(propagation.inject())
            csv_bytes = work.csv_bytes + len(report.last_part)
            part = (claim.id, claim.attempt, work.parts, report.last_part)
            body = (claim.id, report.text, report.html, claim.attempt, csv_bytes)
            async with self._pool.transaction() as connection:
                if await self._queue.complete(connection, claim):
                    sending.messages = 0
                    raise CancelRequestedError
                await connection.execute(INSERT_PART, *part)
                await connection.execute(INSERT_REPORT, *body)
                await connection.execute(INSERT_MAIL, claim.id, carrier)
                await connection.execute(ROWS_MADE, claim.id, report.rows)
                await record(
                    connection,
                    Entry(
                        WORKER, "report.made", object_of(claim.id), details={"rows": report.rows}
                    ),
                )

    def failed(self, claim: Claim, error: Exception, retry_seconds: float | None) -> None:
        """Count and log a job whose report was not made."""
        dead = retry_seconds is None
        self._finished.add(1, "dead" if dead else "retried")
        logger.warning(
            (signals.REPORT_DEAD if dead else signals.REPORT_FAILED).name,
            exc_info=error,
            **attributes.of_failure(claim, error_type_of(error), retry_seconds),
        )

    def cancelled(self, _: Claim) -> None:
        """Count a job that was cancelled while a worker had it."""
        self._finished.add(1, "cancelled")


class _Work:
    """One attempt at a report: its parts so far, and how far it is."""

    def __init__(self, pool: DatabasePool, claim: Claim) -> None:
        self._pool = pool
        self._claim = claim
        self.parts = 0
        self.csv_bytes = 0

    async def keep_part(self, content: bytes) -> None:
        """Store the next part of the CSV."""
        async with self._pool.acquire() as connection:
            await connection.execute(
                INSERT_PART, self._claim.id, self._claim.attempt, self.parts, content
            )
        self.parts += 1
        self.csv_bytes += len(content)

    async def progress(self, done: int, total: int) -> None:
        """Show how far the work is; raises where nobody wants it, or another worker has it."""
        async with self._pool.acquire() as connection:
            cancel_requested = await connection.fetchval(
                PROGRESS, self._claim.id, self._claim.attempt, done, total
            )
        if cancel_requested is None:
            raise LeaseLostError
        if cancel_requested:
            raise CancelRequestedError
