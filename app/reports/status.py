"""What has become of a report, as the one who asked for it sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.database.pool import DatabasePool
from app.database.report_statements import JOB_STATUS

Status = Literal["queued", "running", "done", "dead"]


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """`done` means that the mail server has taken the mail; `dead`, that nobody tries any more."""

    task_id: UUID
    status: Status
    created_at: datetime
    finished_at: datetime | None


class ReportStatuses:
    """Looks up reports, each for its owner only."""

    def __init__(self, pool: DatabasePool) -> None:
        self._pool = pool

    async def find(self, task_id: UUID, requested_by: str) -> ReportStatus | None:
        """Return the report's status; None where there is none or another asked for it."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(JOB_STATUS, task_id, requested_by)
        if row is None:
            return None
        return ReportStatus(
            task_id=task_id,
            status=overall(row["job_status"], row["mail_status"]),
            created_at=row["created_at"],
            finished_at=row["finished_at"],
        )


def overall(job: Status, mail: Status | None) -> Status:
    """Return one status for a job and its mail (None while the report is not made)."""
    if mail is None:
        return job
    return "running" if mail == "queued" else mail
