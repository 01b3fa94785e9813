"""Scheduling a report: the job row and what the worker must know of this request, at once.

The carrier is taken under the `send reports` span, so the worker's trace can link to it, and it
holds the correlation ID. The same key and request give the same task ID however often they come.
"""

import json
import uuid
from dataclasses import dataclass
from uuid import UUID

import structlog

from app import signals
from app.audit.trail import Entry, record
from app.database.pool import Connection, DatabasePool
from app.database.report_statements import INSERT_JOB, SAME_KEY_JOB
from app.errors import Conflict
from app.reports import attributes
from app.reports.address import recipient_address
from app.reports.names import REPORTS, object_of
from telemetry import propagation
from telemetry.catalog.attributes import MESSAGING_MESSAGE_ID
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry

logger = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The job on record, and whether this call put it there."""

    task_id: UUID
    is_new: bool


class ReportScheduler:
    """Puts report jobs on the queue."""

    def __init__(self, pool: DatabasePool, telemetry: Telemetry) -> None:
        self._pool = pool
        self._messaging = Messaging(
            telemetry.tracing, telemetry.meter, system=attributes.MESSAGING_SYSTEM
        )

    async def schedule_report(
        self,
        recipient: str,
        subject: str | None = None,
        idempotency_key: str | None = None,
        *,
        requested_by: str,
    ) -> UUID:
        """Put a report for `recipient` on the queue and return its task ID, without waiting for it.

        `subject` limits the report to one user's grants. Raises `ValueError` for an address that is
        none, `Conflict` where `requested_by` used the key for another request, `Unavailable`.
        """
        recipient = recipient_address(recipient)
        new_id = uuid.uuid4()
        with self._messaging.sending(signals.ENQUEUE_REPORT, REPORTS, str(new_id)) as sending:
            try:
                async with self._pool.transaction() as connection:
                    job = await enqueue(
                        connection, new_id, recipient, subject, idempotency_key, requested_by
                    )
            except Conflict:
                sending.messages = 0
                raise
            sending.messages = int(job.is_new)
            sending.span.set_attribute(MESSAGING_MESSAGE_ID, str(job.task_id))
            if job.is_new:
                logger.info(signals.REPORT_SCHEDULED.name, **{attributes.TASK_ID: str(job.task_id)})
        return job.task_id


async def enqueue(  # noqa: PLR0913, PLR0917  # the columns of the row
    connection: Connection,
    task_id: UUID,
    recipient: str,
    subject: str | None,
    idempotency_key: str | None,
    requested_by: str,
) -> Enqueued:
    """Insert the job in the caller's transaction, with the current context as its carrier."""
    carrier = json.dumps(propagation.inject())
    inserted = await connection.fetchval(
        INSERT_JOB, task_id, requested_by, idempotency_key, recipient, subject, carrier
    )
    if inserted is not None:
        details = {} if subject is None else {"about": subject}
        entry = Entry(requested_by, "report.schedule", object_of(task_id), details=details)
        await record(connection, entry)
        return Enqueued(task_id, is_new=True)
    earlier = await connection.fetchrow(
        SAME_KEY_JOB, requested_by, idempotency_key, recipient, subject
    )
    if earlier is None or not earlier["same_request"]:
        message = "The idempotency key was used for another request."
        raise Conflict(message)
    return Enqueued(earlier["id"], is_new=False)
