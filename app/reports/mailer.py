"""The outbox's consumer side: a mail leaves, then its row is done.

The order makes delivery at-least-once: a crash between the two sends the same mail again, under
the same Message-ID.
"""

from typing import Final

import structlog

from app import signals
from app.database.pool import DatabasePool
from app.database.report_statements import JOB_AGE, MAIL_CONTENT, PARTS
from app.reports import attributes
from app.reports.consumer import PermanentError
from app.reports.mail import Mail, MailRefusedError, MailServer
from app.reports.queue import Claim, LeaseQueue
from telemetry import context
from telemetry.metrics import Meter
from telemetry.tracing import error_type_of

MAX_ATTACHED: Final = 5 * 1024 * 1024
"""Bytes of the largest CSV that is attached; a mail is built in memory, in several copies.

Many mail servers take 10 MB at most, and base64 adds a third.
"""

logger = structlog.stdlib.get_logger()


class RecipientForgottenError(PermanentError):
    """The retention of the address is over: there is nobody to send the mail to."""


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
        for outcome in ("sent", "retried", "dead"):
            self._attempts.add(0, outcome)  # a rate needs a first sample
        for outcome in ("delivered", "dead"):
            self._reports.add(0, outcome)

    async def handle(self, claim: Claim) -> None:
        """Send the mail, then mark it done."""
        await self._server.send(await self._mail(claim))
        self._attempts.add(1, "sent")
        async with self._pool.transaction() as connection:
            # It has left: a cancel that came meanwhile came too late.
            _ = await self._queue.complete(connection, claim)
            seconds = await connection.fetchval(JOB_AGE, claim.id)
        self._delivery_time.observe(seconds)
        self._reports.add(1, "delivered")
        logger.info(signals.MAIL_SENT.name, **{attributes.TASK_ID: str(claim.id)})

    async def _mail(self, claim: Claim) -> Mail:
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(MAIL_CONTENT, claim.id)
            if row["recipient"] is None:
                raise RecipientForgottenError
            csv: bytes | None = None
            text, html = row["body_text"], row["body_html"]
            if row["csv_bytes"] is not None and row["csv_bytes"] <= MAX_ATTACHED:
                parts = await connection.fetch(PARTS, claim.id, row["attempt"])
                csv = b"".join(part["content"] for part in parts)
            elif row["csv_bytes"] is not None:
                note = f"The CSV is too long for a mail: GET /reports/{claim.id}/csv has it."
                text = f"{text}\n{note}\n"
                html = html.replace("</body>", f"<p>{note}</p></body>")
        return Mail(
            task_id=claim.id,
            recipient=row["recipient"],
            text=text,
            html=html,
            created_at=row["created_at"],
            correlation_id=context.correlation_id(),
            csv=csv,
        )

    def cancelled(self, _: Claim) -> None:
        """Count a mail that was cancelled before it left, and its report with it."""
        self._attempts.add(1, "cancelled")
        self._reports.add(1, "cancelled")

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
