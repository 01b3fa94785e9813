"""Schedules: reports that fall due by a cron expression in a time zone. `clock` puts them out."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.audit.trail import Entry, record
from app.database.pool import DatabasePool
from app.database.report_statements import (
    COUNT_SCHEDULES,
    DATABASE_TIME,
    DELETE_SCHEDULE,
    INSERT_SCHEDULE,
    SAME_KEY_SCHEDULE,
    SCHEDULE,
    SCHEDULES_PAGE,
)
from app.errors import Conflict
from app.reports.address import recipient_address
from app.reports.cron import Cron, zone_of
from app.reports.names import schedule_object_of
from app.reports.paging import Place

MAX_SCHEDULES: Final = 1_000
"""Schedules that one key may have."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule; `next_due` is None where it never falls due again."""

    id: UUID
    recipient: str
    subject: str | None
    cron: str
    time_zone: str
    next_due: datetime | None
    last_due: datetime | None
    created_at: datetime

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return Place(self.created_at, self.id)

    def asks_for(self, recipient: str, subject: str | None, cron: str, time_zone: str) -> bool:
        """Tell whether the schedule is the one that was asked for."""
        mine = (self.recipient, self.subject, self.cron, self.time_zone)
        return mine == (recipient, subject, cron, time_zone)


class ReportSchedules:
    """Keeps schedules, each for its owner only."""

    def __init__(self, pool: DatabasePool) -> None:
        self._pool = pool

    async def create(  # noqa: PLR0913  # the columns of the row
        self,
        recipient: str,
        subject: str | None,
        cron: str,
        time_zone: str,
        idempotency_key: str | None = None,
        *,
        owned_by: str,
    ) -> Schedule:
        """Put a schedule on record; the same key and request give the same one.

        Raises `ValueError` for an address that is none, `CronError` for a schedule or a time zone
        that is none, `Conflict` for a key that was used otherwise or one schedule too many.
        """
        recipient = recipient_address(recipient)
        parsed, zone = Cron.parse(cron), zone_of(time_zone)
        async with self._pool.transaction() as connection:
            next_due = parsed.after(await connection.fetchval(DATABASE_TIME), zone)
            row = await connection.fetchrow(
                INSERT_SCHEDULE,
                *(uuid.uuid4(), owned_by, idempotency_key),
                *(recipient, subject, cron, time_zone, next_due),
            )
            if row is None:
                found = await connection.fetchrow(SAME_KEY_SCHEDULE, owned_by, idempotency_key)
                if found is None or not _schedule(found).asks_for(
                    recipient, subject, cron, time_zone
                ):
                    message = "The idempotency key was used for another request."
                    raise Conflict(message)
                return _schedule(found)
            if await connection.fetchval(COUNT_SCHEDULES, owned_by) > MAX_SCHEDULES:
                message = f"This key has {MAX_SCHEDULES} schedules, which is the most."
                raise Conflict(message)
            created = _schedule(row)
            details = {"cron": cron, "time_zone": time_zone, "about": subject}
            object_ = schedule_object_of(created.id)
            await record(
                connection, Entry(owned_by, "report_schedule.add", object_, details=details)
            )
        return created

    async def find(self, schedule_id: UUID, owned_by: str) -> Schedule | None:
        """Return the schedule; None where there is none or it is another's."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(SCHEDULE, schedule_id, owned_by)
        return None if row is None else _schedule(row)

    async def page(self, owned_by: str, after: Place, limit: int) -> Sequence[Schedule]:
        """Return at most `limit` schedules from `after` on, newest first."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                SCHEDULES_PAGE, owned_by, after.created_at, after.id, limit
            )
        return [_schedule(row) for row in rows]

    async def delete(self, schedule_id: UUID, owned_by: str) -> bool:
        """Delete the schedule; its reports stay. False where there is none or it is another's."""
        async with self._pool.transaction() as connection:
            if await connection.fetchval(DELETE_SCHEDULE, schedule_id, owned_by) is None:
                return False
            object_ = schedule_object_of(schedule_id)
            await record(connection, Entry(owned_by, "report_schedule.remove", object_))
        return True


def _schedule(row: Any) -> Schedule:  # noqa: ANN401  # asyncpg ships no types
    return Schedule(*row)
