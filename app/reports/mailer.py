"""The outbox's consumer side: a mail leaves, then its row is done.

The order makes delivery at-least-once: a crash between the two sends the same mail again, under
the same Message-ID.
"""

import structlog

from app import signals
from app.database.pool import DatabasePool
from app.database.report_statements import JOB_AGE, MAIL_CONTENT
from app.reports import attributes
from app.reports.mail import Mail, MailRefusedError, MailServer
from app.reports.queue import Claim, LeaseQueue
from telemetry import context
from telemetry.metrics import Meter
from telemetry.tracing import error_type_of

logger = structlog.stdlib.get_logger()


class MailHandler:
    """Delivers a claimed mail (`app.reports.consumer.Handler`)."""

    def __init__(
        self, pool: DatabasePool, queue: LeaseQueue, server: MailServer, meter: Meter
    ) -> None:
        self._pool = pool
        self._queue = queue
        self._server = server
        self._attempts = meter.counter(signals.MAIL_FINISHED)
        self._reports = meter.counter(signals.REPORTS_FINISHED)
        self._delivery_time = meter.histogram(signals.REPORT_DELIVERY_TIME)

    async def handle(self, claim: Claim) -> None:
        """Send the mail, then mark it done."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(MAIL_CONTENT, claim.id)
        await self._server.send(
            Mail(
                task_id=claim.id,
                recipient=row["recipient"],
                text=row["body_text"],
                html=row["body_html"],
                created_at=row["created_at"],
                correlation_id=context.correlation_id(),
            )
        )
        self._attempts.add(1, "sent")
        async with self._pool.transaction() as connection:
            await self._queue.complete(connection, claim)
            seconds = await connection.fetchval(JOB_AGE, claim.id)
        self._delivery_time.observe(seconds)
        self._reports.add(1, "delivered")
        logger.info(signals.MAIL_SENT.name, **{attributes.TASK_ID: str(claim.id)})

    def failed(self, claim: Claim, error: Exception, retry_seconds: float | None) -> None:
        """Count and log a mail that was not delivered; without a retry its report is dead too."""
        refused = isinstance(error, MailRefusedError)
        if retry_seconds is None:
            self._attempts.add(1, "dead")
            self._reports.add(1, "dead")
        elif refused:  # otherwise the server was not asked, or had already taken the mail
            self._attempts.add(1, "retried")
        described = attributes.of_failure(claim, error_type_of(error), retry_seconds)
        if isinstance(error, MailRefusedError) and error.reply_code is not None:
            described[attributes.SMTP_REPLY_CODE] = error.reply_code
        # A refusal needs no stack; anything else is a surprise and gets one.
        logger.warning(signals.MAIL_FAILED.name, exc_info=None if refused else error, **described)
