"""Where grants and the relations they are inherited by change: the epoch's move commits with it."""

from dataclasses import dataclass
from enum import StrEnum

import structlog

from app import signals
from app.audit import changes
from app.audit.trail import Entry, record
from app.authorization.epoch import Epoch
from app.authorization.model import AccessQuery, EpochId, GroupGrant
from app.authorization.tokens import token_of
from app.database import grants, relations
from app.database.pool import DatabasePool
from telemetry.metrics import Meter

logger = structlog.stdlib.get_logger()

_GRANT = "grant"
_REVOKE = "revoke"
_ADD = "add"
_REMOVE = "remove"


class RelationKind(StrEnum):
    """What is related; the values of `app.signals.RELATION`."""

    MEMBERSHIP = "membership"
    PARENT = "parent"
    IMPLICATION = "implication"


@dataclass(frozen=True, slots=True)
class Relation:
    """`below` inherits from `above`: member and group, resource and parent, action and stronger."""

    kind: RelationKind
    below: str
    above: str
    below_is_group: bool = False

    @property
    def record(self) -> relations.Relation:
        """The table that holds it."""
        if self.kind is RelationKind.PARENT:
            return relations.RESOURCE_UNDER
        if self.kind is RelationKind.IMPLICATION:
            return relations.ACTION_IMPLIED
        return relations.GROUP_IN_GROUP if self.below_is_group else relations.USER_IN_GROUP


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did; true where it changed something."""

    changed: bool
    epoch: EpochId
    """A state that holds what was asked for, whether by this write or before it."""

    def __bool__(self) -> bool:
        return self.changed

    @property
    def token(self) -> str:
        """The consistency token: a check that demands it sees the write."""
        return token_of(self.epoch)


class GrantRegister:
    """Adds and revokes grants and relations. `Unavailable` where the database is away."""

    def __init__(self, pool: DatabasePool, epoch: Epoch, meter: Meter) -> None:
        self._pool = pool
        self._epoch = epoch
        self._changes = meter.counter(signals.GRANT_CHANGES)
        self._relations = meter.counter(signals.RELATION_CHANGES)
        for change in (_GRANT, _REVOKE):
            self._changes.add(0, change)  # a rate needs a first sample
        for kind in RelationKind:
            for change in (_ADD, _REMOVE):
                self._relations.add(0, kind.value, change)

    async def grant(self, grant: AccessQuery | GroupGrant, granted_by: str) -> Written:
        """Record the grant. `granted_by` is the API key's name."""
        async with self._pool.transaction() as connection:
            written = await grants.add(connection, grant, granted_by)
            if written.changed:
                await record(
                    connection, changes.grant_changed(granted_by, changes.GRANT_ADD, grant)
                )
        return self._grants_changed(_GRANT, written)

    async def revoke(self, grant: AccessQuery | GroupGrant, revoked_by: str) -> Written:
        """Remove the grant. `revoked_by` is the API key's name."""
        async with self._pool.transaction() as connection:
            written = await grants.remove(connection, grant)
            if written.changed:
                await record(
                    connection, changes.grant_changed(revoked_by, changes.GRANT_REVOKE, grant)
                )
        return self._grants_changed(_REVOKE, written)

    async def relate(self, relation: Relation, added_by: str) -> Written:
        """Record the relation. `added_by` is the API key's name."""
        async with self._pool.transaction() as connection:
            written = await relations.add(
                connection, relation.record, relation.below, relation.above, added_by
            )
            if written.changed:
                await record(connection, _entry(added_by, changes.RELATION_ADD, relation))
        return self._relations_changed(relation.kind, _ADD, written)

    async def unrelate(self, relation: Relation, removed_by: str) -> Written:
        """Remove the relation. `removed_by` is the API key's name."""
        async with self._pool.transaction() as connection:
            written = await relations.remove(
                connection, relation.record, relation.below, relation.above
            )
            if written.changed:
                await record(connection, _entry(removed_by, changes.RELATION_REMOVE, relation))
        return self._relations_changed(relation.kind, _REMOVE, written)

    def _grants_changed(self, change: str, written: grants.Changed) -> Written:
        if written.changed:
            self._epoch.move(written.epoch)  # this process sees it at once, the others when told
            self._changes.add(1, change)
            logger.info(signals.GRANT_CHANGED.name, **{signals.CHANGE.attribute: change})
        return Written(*written)

    def _relations_changed(
        self, kind: RelationKind, change: str, written: grants.Changed
    ) -> Written:
        if written.changed:
            self._epoch.move(written.epoch)
            self._relations.add(1, kind.value, change)
            labels = {
                signals.RELATION.attribute: kind.value,
                signals.RELATION_CHANGE.attribute: change,
            }
            logger.info(signals.RELATION_CHANGED.name, **labels)
        return Written(*written)


def _entry(actor: str, change: str, relation: Relation) -> Entry:
    return changes.relation_changed(
        *(actor, change, relation.kind.value, relation.below, relation.above),
        below_is_group=relation.below_is_group,
    )
