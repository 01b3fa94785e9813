"""Attributes of the queue's spans and log lines: the conventions' and the few of our own."""

from typing import Final
from uuid import UUID

from app.reports.queue import Claim
from telemetry import context
from telemetry.catalog import attributes

TASK_ID: Final = "report.task_id"
ATTEMPT: Final = "report.attempt"
GRANTS: Final = "report.grants"
QUEUE: Final = "report.queue"
RETRY_SECONDS: Final = "report.retry_seconds"
SMTP_REPLY_CODE: Final = "smtp.reply.code"

SEND: Final = "send"
PROCESS: Final = "process"

_SYSTEM: Final = "postgresql"


def messaging(operation: str, queue: str, message_id: UUID) -> dict[str, str]:
    """Return a span's attributes by "Messaging spans"; the conversation is the correlation ID."""
    described = {
        attributes.MESSAGING_SYSTEM: _SYSTEM,
        attributes.MESSAGING_OPERATION_NAME: operation,
        attributes.MESSAGING_OPERATION_TYPE: operation,
        attributes.MESSAGING_DESTINATION_NAME: queue,
        attributes.MESSAGING_MESSAGE_ID: str(message_id),
    }
    conversation = context.correlation_id()
    if conversation is not None:
        described[attributes.MESSAGING_CONVERSATION_ID] = conversation
    return described


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
