"""Putting on record: `record` in the transaction of what is recorded, and nowhere else.

    async with pool.transaction() as connection:
        ...the change...
        await record(connection, Entry("deploy-key", "grant.add", "doc:1", details={...}))

Either both are committed or neither is. It is one INSERT and takes no lock; the sealer
(`app.audit.sealer`) chains it afterwards. Names belong here: this is the record, not telemetry.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from opentelemetry import trace

from app.audit.canonical import canonical, clean, narrowed
from app.audit.origin import client_address, instance
from app.database import audit_entries
from app.database.pool import Connection
from telemetry.context import correlation_id

MAX_NAME: Final = 1_024
"""Characters of an actor, an action or an object; the rest is cut off."""
MAX_DETAILS_BYTES: Final = 8_192
"""Bytes of the details; larger ones are replaced by their size and SHA-256."""


class Outcome(StrEnum):
    """How what was tried ended; a decision of record is `ALLOW` or `DENY`."""

    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Entry:
    """Who (an API key's name, or the process) did what to which object, and how it ended.

    `action` is a dotted constant such as `grant.add`; `details` any JSON object, at most
    `MAX_DETAILS_BYTES` canonical bytes. Time, service, instance, client address, correlation ID
    and trace ID are added when it is recorded.
    """

    actor: str
    action: str
    object: str
    outcome: Outcome = Outcome.DONE
    details: Mapping[str, Any] = field(default_factory=dict)


async def record(connection: Connection, entry: Entry, *more: Entry) -> None:
    """Put the entries on record in the caller's transaction; raises what the driver raises."""
    await record_all(connection, (entry, *more))


async def record_all(connection: Connection, entries: Iterable[Entry]) -> None:
    """Put any number of entries on record, in their order, with one statement."""
    rows = [_row(entry) for entry in entries]
    if rows:
        await audit_entries.insert(connection, rows, instance(), client_address(), *_ids())


def _row(entry: Entry) -> audit_entries.NewEntry:
    return audit_entries.NewEntry(
        actor=_name(entry.actor),
        action=_name(entry.action),
        object=_name(entry.object),
        outcome=Outcome(entry.outcome).value,
        details=_bounded(entry.details),
    )


def _ids() -> tuple[str | None, str | None]:
    context = trace.get_current_span().get_span_context()
    trace_id = trace.format_trace_id(context.trace_id) if context.is_valid else None
    return correlation_id(), trace_id


def _name(text: str) -> str:
    return clean(text[:MAX_NAME])


def _bounded(details: Mapping[str, Any]) -> str:
    value = narrowed(details)
    raw = canonical(value)
    if len(raw) > MAX_DETAILS_BYTES:
        value = {"too_large": {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}}
    return json.dumps(value)
