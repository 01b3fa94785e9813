"""The SQL of grants and of their epoch.

Every change moves the epoch in its own transaction: whoever knows the epoch knows whether a
decision made earlier may still be trusted.
"""

from typing import Final, NamedTuple

from app.authorization.model import AccessQuery, EpochId, GroupGrant
from app.database.pool import Connection

_ADD_TO_USER: Final = """
    INSERT INTO grants (user_id, resource, action, granted_by) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING true
"""
_ADD_TO_GROUP: Final = """
    INSERT INTO grants (group_id, resource, action, granted_by) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING true
"""
_REMOVE_FROM_USER: Final = """
    DELETE FROM grants WHERE user_id = $1 AND resource = $2 AND action = $3 RETURNING true
"""
_REMOVE_FROM_GROUP: Final = """
    DELETE FROM grants WHERE group_id = $1 AND resource = $2 AND action = $3 RETURNING true
"""
EPOCH_CHANNEL: Final = "sightline_epoch"
"""Where PostgreSQL tells, as a change commits, that the epoch has moved; it says nothing else."""

_MOVE_EPOCH: Final = f"""
    WITH moved AS (
        UPDATE grant_epoch SET number = number + 1, mark = gen_random_uuid() RETURNING number, mark
    )
    SELECT moved.number, moved.mark FROM moved, pg_notify('{EPOCH_CHANNEL}', '')
"""  # noqa: S608  # the channel is ours
_READ_EPOCH: Final = "SELECT number, mark FROM grant_epoch"


class Changed(NamedTuple):
    """What a write did, and a state that holds it: the next, or the present one if nothing."""

    changed: bool
    epoch: EpochId


async def add(connection: Connection, grant: AccessQuery | GroupGrant, granted_by: str) -> Changed:
    """Record the grant; nothing is changed where it was there. Belongs in a transaction."""
    statement = _ADD_TO_GROUP if isinstance(grant, GroupGrant) else _ADD_TO_USER
    is_new = await connection.fetchval(statement, *_fields(grant), granted_by)
    return await move_epoch(connection, changed=is_new is True)


async def remove(connection: Connection, grant: AccessQuery | GroupGrant) -> Changed:
    """Remove the grant; nothing is changed where there was none. Belongs in a transaction."""
    statement = _REMOVE_FROM_GROUP if isinstance(grant, GroupGrant) else _REMOVE_FROM_USER
    was_there = await connection.fetchval(statement, *_fields(grant))
    return await move_epoch(connection, changed=was_there is True)


async def move_epoch(connection: Connection, *, changed: bool) -> Changed:
    """Return the next epoch after a change, which is recorded, or the present one without."""
    statement = _MOVE_EPOCH if changed else _READ_EPOCH
    return Changed(changed, EpochId(*await connection.fetchrow(statement)))


async def read_epoch(connection: Connection, timeout_seconds: float) -> EpochId:
    """Return the epoch on record."""
    return EpochId(*await connection.fetchrow(_READ_EPOCH, timeout=timeout_seconds))


def _fields(grant: AccessQuery | GroupGrant) -> tuple[str, str, str]:
    holder = grant.group if isinstance(grant, GroupGrant) else grant.user
    return holder, grant.resource, grant.action
