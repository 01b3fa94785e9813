"""Where grants change: the change and the epoch's move commit together."""

import structlog

from app import signals
from app.authorization.epoch import Epoch
from app.authorization.model import AccessQuery, EpochId
from app.database import grants
from app.database.pool import DatabasePool
from telemetry.metrics import Meter

logger = structlog.stdlib.get_logger()

_GRANT = "grant"
_REVOKE = "revoke"


class GrantRegister:
    """Adds and revokes grants."""

    def __init__(self, pool: DatabasePool, epoch: Epoch, meter: Meter) -> None:
        self._pool = pool
        self._epoch = epoch
        self._changes = meter.counter(signals.GRANT_CHANGES)
        for change in (_GRANT, _REVOKE):
            self._changes.add(0, change)  # a rate needs a first sample

    async def grant(self, query: AccessQuery, granted_by: str) -> bool:
        """Record the grant; return whether it is new. `granted_by` is the API key's name."""
        async with self._pool.transaction() as connection:
            moved_to = await grants.add(connection, query, granted_by)
        return self._changed(_GRANT, moved_to)

    async def revoke(self, query: AccessQuery) -> bool:
        """Remove the grant; return whether there was one."""
        async with self._pool.transaction() as connection:
            moved_to = await grants.remove(connection, query)
        return self._changed(_REVOKE, moved_to)

    def _changed(self, change: str, moved_to: EpochId | None) -> bool:
        """Let this process see its own change at once; the others see it at their next poll."""
        if moved_to is None:
            return False
        self._epoch.move(moved_to)
        self._changes.add(1, change)
        logger.info(signals.GRANT_CHANGED.name, **{signals.CHANGE.attribute: change})
        return True
