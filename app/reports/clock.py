"""Puts scheduled reports on the queue when they fall due; every worker runs one.

The occurrence's job and the schedule's next time commit together, the schedule's row is locked
meanwhile, and schedule and occurrence are a unique key: each occurrence is one job, however many
workers there are and whenever one dies. What fell due while no worker ran is one job.
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app import signals
from app.audit.trail import Entry, record
from app.database.keys import is_gone
from app.database.pool import Connection, DatabasePool
from app.database.report_statements import (
    ADVANCE_SCHEDULE,
    ANY_DUE,
    DUE_SCHEDULE,
    INSERT_OCCURRENCE,
)
from app.reports import attributes
from app.reports.cron import Cron, CronError, zone_of
from app.reports.lease import OUTAGE
from app.reports.names import REPORTS, WORKER, object_of, schedule_object_of
from telemetry import context, propagation
from telemetry.catalog.attributes import ERROR_TYPE, MESSAGING_MESSAGE_ID
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

_NOT_KNOWN_YET: Final = ""

logger = structlog.stdlib.get_logger()


class ScheduleClock:
    """Looks for due schedules every `poll_seconds`; `on_due` is called after each."""

    def __init__(
        self,
        pool: DatabasePool,
        telemetry: Telemetry,
        *,
        poll_seconds: float,
        on_due: Callable[[], None],
        bootstrap_keys: Collection[str] = (),
    ) -> None:
        self._pool = pool
        self._bootstrap_keys = bootstrap_keys
        self._poll_seconds = poll_seconds
        self._on_due = on_due
        self._messaging = Messaging(
            telemetry.tracing, telemetry.meter, system=attributes.MESSAGING_SYSTEM
        )
        self._runs = telemetry.meter.counter(signals.SCHEDULE_RUNS)
        self._is_away = False

    async def run(self) -> None:
        """Put out what falls due until cancelled; a database that is away is waited for."""
        while True:
            try:
                while await self.put_out_one():
                    pass
                self._is_away = False
            except OUTAGE as error:
                if not self._is_away:
                    logger.warning(
                        signals.SCHEDULE_UNAVAILABLE.name, **{ERROR_TYPE: error_type_of(error)}
                    )
                self._is_away = True
            await asyncio.sleep(self._poll_seconds)

    async def put_out_one(self) -> bool:
        """Put out the occurrence that has been due longest; False where none is."""
        with suppress_instrumentation():  # an idle clock would make a trace a poll
            async with self._pool.acquire() as connection:
                if not await connection.fetchval(ANY_DUE):
                    return False
        with (
            context.bound_correlation_id(context.mint_correlation_id()),
            self._messaging.sending(signals.ENQUEUE_REPORT, REPORTS, _NOT_KNOWN_YET) as sending,
        ):
            async with self._pool.transaction() as connection:
                row = await connection.fetchrow(DUE_SCHEDULE)
                put_out = None if row is None else await self._put_out(connection, row)
            sending.messages = int(put_out is not None)
            if put_out is not None:
                sending.span.set_attribute(MESSAGING_MESSAGE_ID, str(put_out.task_id))
                self._runs.add(1, "missed" if put_out.is_late else "on_time")
                logger.info(
                    signals.REPORT_SCHEDULED.name, **{attributes.TASK_ID: str(put_out.task_id)}
                )
        self._on_due()
        return row is not None

    async def _put_out(self, connection: Connection, row: Any) -> "_PutOut | None":  # noqa: ANN401  # a record
        """Insert the occurrence's job and move the schedule on; None where there is no new job."""
        due, now = row["next_due"], row["now"]
        try:
            cron, zone = Cron.parse(row["cron"]), zone_of(row["time_zone"])
            following = cron.after(due, zone)
            is_late = following <= now
            next_due = cron.after(now, zone) if is_late else following
        except CronError:
            # The time zones' database may lose a name. The schedule stays, and falls due no more.
            logger.exception(signals.SCHEDULE_WRONG.name)
            await connection.execute(ADVANCE_SCHEDULE, row["id"], due, None)
            return None
        await connection.execute(ADVANCE_SCHEDULE, row["id"], due, next_due)
        if await self._is_orphaned(connection, row["owned_by"]):
            logger.warning(
                signals.SCHEDULE_SKIPPED.name, **{attributes.SCHEDULE_ID: str(row["id"])}
            )
            return None
        return await _insert(connection, row, is_late=is_late)

    async def _is_orphaned(self, connection: Connection, owner: str) -> bool:
        # What a key may not ask for any more, what it left behind does not do for it. A name that
        # was never on record is one of the web's settings, of which a worker may know nothing.
        return owner not in self._bootstrap_keys and await is_gone(connection, owner)


@dataclass(frozen=True, slots=True)
class _PutOut:
    task_id: UUID
    is_late: bool


async def _insert(connection: Connection, row: Any, *, is_late: bool) -> _PutOut | None:  # noqa: ANN401  # a record
    due = row["next_due"]
    task_id = occurrence_id(row["id"], due)
    inserted = await connection.fetchval(
        INSERT_OCCURRENCE,
        *(task_id, row["owned_by"], row["recipient"], row["subject"]),
        *(json.dumps(propagation.inject()), row["id"], due),
    )
    if inserted is None:
        return None
    details = {"schedule": schedule_object_of(row["id"])}
    await record(connection, Entry(WORKER, "report.schedule", object_of(task_id), details=details))
    return _PutOut(task_id, is_late)


def occurrence_id(schedule_id: UUID, due: datetime) -> UUID:
    """Return the task ID of an occurrence: the same whoever puts it out."""
    return uuid.uuid5(schedule_id, due.astimezone(UTC).isoformat())
