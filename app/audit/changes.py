"""What is said on record of a change: the entries of grants and relations, in one place."""

from typing import Final

from app.audit.trail import Entry
from app.authorization.model import AccessQuery, GroupGrant

GRANT_ADD: Final = "grant.add"
GRANT_REVOKE: Final = "grant.revoke"
RELATION_ADD: Final = "relation.add"
RELATION_REMOVE: Final = "relation.remove"


def grant_changed(actor: str, change: str, grant: AccessQuery | GroupGrant) -> Entry:
    """Return the entry of a grant that was added or revoked; the resource is its object."""
    subject = {"group": grant.group} if isinstance(grant, GroupGrant) else {"user": grant.user}
    return Entry(actor, change, grant.resource, details={**subject, "action": grant.action})


def relation_changed(  # noqa: PLR0913  # the fields of a relation
    actor: str, change: str, kind: str, below: str, above: str, *, below_is_group: bool
) -> Entry:
    """Return the entry of a relation: `below`, its object, inherits from `above`."""
    details = {"kind": kind, "above": above, "below_is_group": below_is_group}
    return Entry(actor, change, below, details=details)
