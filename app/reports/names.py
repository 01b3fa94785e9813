"""The two queues' destination names, as telemetry shows them, and the audit trail's names."""

from typing import Final
from uuid import UUID

REPORTS: Final = "reports"
MAIL: Final = "mail"

WORKER: Final = "worker"
"""The actor on record where no key acts."""


def object_of(task_id: UUID) -> str:
    """Return how the audit trail names a report."""
    return f"report:{task_id}"


def schedule_object_of(schedule_id: UUID) -> str:
    """Return how the audit trail names a schedule of reports."""
    return f"report-schedule:{schedule_id}"
