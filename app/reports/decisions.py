"""What was decided about an access, where the audit trail knows: the last decision on record."""

from collections.abc import Sequence
from dataclasses import replace

from app.database.pool import Connection
from app.database.review_statements import LAST_DECISIONS
from app.reports.access import Access

_WORDS = {"allow": "allowed", "deny": "denied"}


async def with_decisions(connection: Connection, page: Sequence[Access]) -> Sequence[Access]:
    """Return the rows, each with the last decision of record about its user, resource and action.

    Such an entry has the resource as its object, and `user` and `action` in its details.
    """
    rows = await connection.fetch(
        LAST_DECISIONS,
        *([getattr(access, name) for access in page] for name in ("user", "resource", "action")),
    )
    found = list(page)
    for row in rows:
        place = row["place"] - 1
        found[place] = replace(found[place], decision=_WORDS[row["outcome"]], decided_at=row["at"])
    return found
