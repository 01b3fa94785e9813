"""What has become of reports, as the one who asked for them sees it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from app.database.pool import DatabasePool
from app.database.report_statements import JOB_STATUS, JOBS_PAGE, OWNED_CSV, PART
from app.reports.mail import csv_name
from app.reports.paging import Place

Status = Literal["queued", "running", "done", "dead", "cancelled"]
STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """`done` means that the mail server has taken the mail; `dead`, that nobody tries any more.

    `rows_total` is None until it is known; `error_type` is of the last try that failed.
    """

    task_id: UUID
    status: Status
    created_at: datetime
    finished_at: datetime | None
    rows_done: int
    rows_total: int | None
    schedule_id: UUID | None
    error_type: str | None
    cancel_requested: bool

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return Place(self.created_at, self.task_id)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A report's CSV: its name, its length in bytes, and its parts, one in memory at a time."""

    name: str
    length: int
    parts: AsyncIterator[bytes]


class ReportStatuses:
    """Looks up reports, each for its owner only."""

    def __init__(self, pool: DatabasePool) -> None:
        self._pool = pool

    async def find(self, task_id: UUID, requested_by: str) -> ReportStatus | None:
        """Return the report's status; None where there is none or another asked for it."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(JOB_STATUS, task_id, requested_by)
        return None if row is None else _status(row)

    async def page(
        self, requested_by: str, after: Place, limit: int, status: Status | None = None
    ) -> Sequence[ReportStatus]:
        """Return at most `limit` reports from `after` on, newest first."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                JOBS_PAGE, requested_by, after.created_at, after.id, limit, status
            )
        return [_status(row) for row in rows]

    async def csv(self, task_id: UUID, requested_by: str) -> CsvFile | None:
        """Return the report's CSV; None where it is not made yet, forgotten, or another's."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(OWNED_CSV, task_id, requested_by)
        if row is None:
            return None
        return CsvFile(
            csv_name(row["created_at"]), row["csv_bytes"], self._parts(task_id, row["attempt"])
        )

    async def _parts(self, task_id: UUID, attempt: int) -> AsyncIterator[bytes]:
        number = 0
        while True:
            async with self._pool.acquire() as connection:
                content = await connection.fetchval(PART, task_id, attempt, number)
            if content is None:
                return
            yield content
            number += 1


def _status(row: Any) -> ReportStatus:  # noqa: ANN401  # asyncpg ships no types
    return ReportStatus(
        task_id=row["id"],
        **{
            name: row[name]
            for name in (
                *("status", "created_at", "finished_at", "rows_done", "rows_total"),
                *("schedule_id", "error_type", "cancel_requested"),
            )
        },
    )
