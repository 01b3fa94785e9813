"""The report queue's consumer side: a job becomes a report and a mail in the outbox.

Report, mail and the end of the job commit together, under the claim's fence: a job is either open
or has exactly one report, whatever dies when.
"""

import json
from collections.abc import Callable

import structlog

from app import signals
from app.database.pool import DatabasePool
from app.database.report_statements import INSERT_MAIL, INSERT_REPORT, JOB_SUBJECT
from app.reports import attributes
from app.reports.names import MAIL
from app.reports.queue import Claim, LeaseQueue
from app.reports.report import Report, make_report
from telemetry import propagation
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

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
    ) -> None:
        self._pool = pool
        self._queue = queue
        self._on_made = on_made
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
            if subject is not None:
                self._pseudonyms.mark(signals.SUBJECT_HASH, subject)
            report = await make_report(self._pool, subject)
        await self._store(claim, report)
        self._on_made()
        logger.info(
            signals.REPORT_GENERATED.name,
            **{attributes.TASK_ID: str(claim.id), attributes.GRANTS: report.grants},
        )

    async def _store(self, claim: Claim, report: Report) -> None:
        # The mail is sent when all of it is committed, so the span is about the whole.
        with self._messaging.sending(signals.ENQUEUE_MAIL, MAIL, str(claim.id)):
            carrier = json.dumps(propagation.inject())
            async with self._pool.transaction() as connection:
                await self._queue.complete(connection, claim)
                await connection.execute(INSERT_REPORT, claim.id, report.text, report.html)
                await connection.execute(INSERT_MAIL, claim.id, carrier)

    def failed(self, claim: Claim, error: Exception, retry_seconds: float | None) -> None:
        """Count and log a job whose report was not made."""
        dead = retry_seconds is None
        self._finished.add(1, "dead" if dead else "retried")
        logger.warning(
            (signals.REPORT_DEAD if dead else signals.REPORT_FAILED).name,
            exc_info=error,
            **attributes.of_failure(claim, error_type_of(error), retry_seconds),
        )
