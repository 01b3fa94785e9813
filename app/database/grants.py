"""The SQL of grants and of their epoch; the only place that names those tables.

Every change moves the epoch in its own transaction: whoever knows the epoch knows whether a
decision made earlier may still be trusted.
"""

from app.authorization.model import AccessQuery, EpochId
from app.database.pool import Connection

_HOLDS = "SELECT true FROM grants WHERE user_id = $1 AND resource = $2 AND action = $3"
_ADD = """
    INSERT INTO grants (user_id, resource, action, granted_by) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING true
"""
_REMOVE = """
    DELETE FROM grants WHERE user_id = $1 AND resource = $2 AND action = $3 RETURNING true
"""
_MOVE_EPOCH = """
    UPDATE grant_epoch SET number = number + 1, mark = gen_random_uuid() RETURNING number, mark
"""
_READ_EPOCH = "SELECT number, mark FROM grant_epoch"


async def holds(connection: Connection, query: AccessQuery) -> bool:
    """Tell whether the grant is on record."""
    found = await connection.fetchval(_HOLDS, query.user, query.resource, query.action)
    return found is True


async def add(connection: Connection, query: AccessQuery, granted_by: str) -> EpochId | None:
    """Record the grant and return the new epoch; None, and nothing changed, where it was there.

    Belongs in a transaction.
    """
    fields = (query.user, query.resource, query.action, granted_by)
    if await connection.fetchval(_ADD, *fields) is None:
        return None
    return await _move_epoch(connection)


async def remove(connection: Connection, query: AccessQuery) -> EpochId | None:
    """Remove the grant and return the new epoch; None where there was none.

    Belongs in a transaction.
    """
    if await connection.fetchval(_REMOVE, query.user, query.resource, query.action) is None:
        return None
    return await _move_epoch(connection)


async def read_epoch(connection: Connection, timeout_seconds: float) -> EpochId:
    """Return the epoch on record."""
    return EpochId(*await connection.fetchrow(_READ_EPOCH, timeout=timeout_seconds))


async def _move_epoch(connection: Connection) -> EpochId:
    return EpochId(*await connection.fetchrow(_MOVE_EPOCH))
