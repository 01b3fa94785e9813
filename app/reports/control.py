"""Cancel and replay: what can be done to a report after it was put on the queue.

What waits is cancelled at once. What a worker has in hand is asked to end: the maker looks between
pages and before it commits; a mail that is on its way is only not tried again. A replay starts the
part that ended, report or mail, with all its tries; its attempt number, the fence, goes on.
"""

from typing import Final
from uuid import UUID

import structlog

from app import signals
from app.audit.trail import Entry, record
from app.database.pool import Connection, DatabasePool
from app.database.report_statements import (
    CANCEL_JOB,
    CANCEL_MAIL,
    REPLAY_JOB,
    REPLAY_MAIL,
    REPLAYABLE,
    REPLAYED_FROM_NOW,
)
from app.errors import Conflict, NotFound
from app.reports import attributes
from app.reports.names import object_of
from telemetry.metrics import Meter

NO_REPORT: Final = "There is no such report."

logger = structlog.stdlib.get_logger()


class ReportControl:
    """Cancels and replays reports, each for its owner only."""

    def __init__(self, pool: DatabasePool, meter: Meter) -> None:
        self._pool = pool
        self._finished = meter.counter(signals.REPORTS_FINISHED)
        self._replayed = meter.counter(signals.REPORTS_REPLAYED)

    async def cancel(self, task_id: UUID, requested_by: str) -> bool:
        """Cancel the report; True where it is at once, False where a worker is asked to end it.

        Raises `NotFound`, and `Conflict` where the report has ended.
        """
        async with self._pool.transaction() as connection:
            status = await connection.fetchval(CANCEL_JOB, task_id, requested_by)
            if status is None:
                status = await connection.fetchval(CANCEL_MAIL, task_id, requested_by)
            if status is None:
                await _require(connection, task_id, requested_by)
                message = "The report has ended: there is nothing to cancel."
                raise Conflict(message)
            await record(connection, Entry(requested_by, "report.cancel", object_of(task_id)))
        at_once: bool = status == "cancelled"
        if at_once:
            self._finished.add(1, "cancelled")
        logger.info(signals.REPORT_CANCELLED.name, **{attributes.TASK_ID: str(task_id)})
        return at_once

    async def replay(self, task_id: UUID, requested_by: str) -> None:
        """Put a dead or cancelled report back on its queue.

        Raises `NotFound`, and `Conflict` where it has not ended so, or its retention is over.
        """
        async with self._pool.transaction() as connection:
            await replay(connection, task_id, requested_by, actor=requested_by)
        self._replayed.add(1)
        logger.info(signals.REPORT_REPLAYED.name, **{attributes.TASK_ID: str(task_id)})


async def replay(
    connection: Connection, task_id: UUID, requested_by: str | None, *, actor: str
) -> None:
    """Put the report back on its queue in the caller's transaction; None is whoever's it is."""
    await _require(connection, task_id, requested_by)
    replayed = await connection.fetchval(REPLAY_JOB, task_id)
    if replayed is None:
        replayed = await connection.fetchval(REPLAY_MAIL, task_id)
    if replayed is None:
        message = "The report is neither dead nor cancelled."
        raise Conflict(message)
    await connection.execute(REPLAYED_FROM_NOW, task_id)
    await record(connection, Entry(actor, "report.replay", object_of(task_id)))


async def _require(connection: Connection, task_id: UUID, requested_by: str | None) -> None:
    addressed = await connection.fetchval(REPLAYABLE, task_id, requested_by)
    if addressed is None:
        raise NotFound(NO_REPORT)
    if not addressed:
        message = "The report's retention is over: its recipient is forgotten."
        raise Conflict(message)
