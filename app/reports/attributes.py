"""Attributes of the queue's spans and log lines: the conventions' and the few of our own."""

from typing import Final

from app import signals
from app.reports.queue import Claim
from telemetry.catalog import attributes

TASK_ID: Final = signals.TASK_ID
SCHEDULE_ID: Final = signals.SCHEDULE_ID
ATTEMPT: Final = signals.ATTEMPT
GRANTS: Final = signals.GRANTS
QUEUE: Final = signals.QUEUE.attribute
RETRY_SECONDS: Final = signals.RETRY_SECONDS
SMTP_REPLY_CODE: Final = signals.SMTP_REPLY_CODE

MESSAGING_SYSTEM: Final = "postgresql"
"""What carries the messages (`messaging.system`)."""


def of_failure(
    claim: Claim, error_type: str, retry_seconds: float | None
) -> dict[str, str | int | float]:
    """Return a log line's attributes for a try that failed; no retry time means it was the last."""
    described: dict[str, str | int | float] = {
        TASK_ID: str(claim.id),
        ATTEMPT: claim.tries,
        attributes.ERROR_TYPE: error_type,
    }
    if retry_seconds is not None:
        described[RETRY_SECONDS] = round(retry_seconds, 3)
    return described
