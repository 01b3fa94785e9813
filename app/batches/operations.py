"""What a batch does to each of its users: `offboard` takes all access away, `review` reports it.

Each bears to be done twice: a batch goes on from its last checkpoint, and what was done after that
is done again.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from app import signals
from app.audit import changes
from app.audit.trail import Entry, record_all
from app.authorization.model import AccessQuery
from app.batches.users import ProcessUser
from app.database import user_batch_statements as sql
from app.database.grants import move_epoch
from app.database.pool import Connection, DatabasePool
from app.reports.scheduler import ReportScheduler
from telemetry.runtime import Telemetry

_PORTION: Final = 500
"""Grants, and memberships, that one transaction takes from a user."""


class Operation(StrEnum):
    """What can be done to many users."""

    OFFBOARD = "offboard"
    """Revoke each grant, end each membership, leave the directory."""
    REVIEW = "review"
    """Schedule a report on the user's access."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What one transaction took from a user."""

    grants: int
    memberships: int
    is_all: bool


class Operations:
    """Makes the function that a batch calls for each user."""

    def __init__(self, pool: DatabasePool, telemetry: Telemetry) -> None:
        self._pool = pool
        self._scheduler = ReportScheduler(pool, telemetry)
        self._changes = telemetry.meter.counter(signals.GRANT_CHANGES)
        self._relations = telemetry.meter.counter(signals.RELATION_CHANGES)
        self._changes.add(0, "revoke")
        self._relations.add(0, "membership", "remove")

    def offboarding(self, actor: str) -> ProcessUser:
        """Return what takes a user's direct grants, memberships and place in the directory."""

        async def process(user: str) -> None:
            is_all = False
            while not is_all:
                async with self._pool.transaction() as connection:
                    removed = await _remove(connection, user, actor)
                is_all = removed.is_all
                self._changes.add(removed.grants, "revoke")
                self._relations.add(removed.memberships, "membership", "remove")

        return process

    def reviewing(self, actor: str, recipient: str, batch_id: UUID) -> ProcessUser:
        """Return what schedules the report on a user; once, however often it is called."""

        async def process(user: str) -> None:
            key = f"{batch_id}:{hashlib.sha256(user.encode()).hexdigest()}"
            await self._scheduler.schedule_report(recipient, user, key, requested_by=actor)

        return process


async def _remove(connection: Connection, user: str, actor: str) -> Removed:
    held = await connection.fetch(sql.REMOVE_GRANTS, user, _PORTION)
    groups = await connection.fetch(sql.REMOVE_MEMBERSHIPS, user, _PORTION)
    is_all = max(len(held), len(groups)) < _PORTION
    entries = [
        changes.grant_changed(
            actor, changes.GRANT_REVOKE, AccessQuery(user, row["resource"], row["action"])
        )
        for row in held
    ]
    entries += [
        changes.relation_changed(
            *(actor, changes.RELATION_REMOVE, "membership", user, row["group_id"]),
            below_is_group=False,
        )
        for row in groups
    ]
    if is_all and await connection.fetchval(sql.REMOVE_FROM_DIRECTORY, user):
        entries.append(Entry(actor, "user.leave", f"user:{user}"))
    await record_all(connection, entries)
    if held or groups:
        await move_epoch(connection, changed=True)  # last: whoever changes a grant waits for it
    return Removed(len(held), len(groups), is_all)
