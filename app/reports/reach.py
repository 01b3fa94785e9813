"""What a grant holds for beside what it names: resources beneath its own, actions that it implies.

A grant at the top of a hierarchy may reach millions: of each kind `MOST_NAMED` are named.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.authorization.limits import GraphLimits
from app.database.pool import Connection
from app.database.review_statements import REACH
from app.reports.access import Access
from app.reports.paths import BEYOND

MOST_NAMED: Final = 10
_MOST_STEPS: Final = GraphLimits().depth
_MOST_READ: Final = 50
"""Rows of a walk: more than are named, as one that is reached by two ways comes twice."""


async def with_reach(connection: Connection, page: Sequence[Access]) -> Sequence[Access]:
    """Return the rows, each with what its grant holds for too, as far as a check follows it."""
    resources = sorted({access.resource for access in page})
    actions = sorted({access.action for access in page})
    rows = await connection.fetch(REACH, resources, actions, _MOST_STEPS, _MOST_READ)
    below = {(row["kind"], row["name"]): _named(row["below"]) for row in rows}
    return [
        replace(
            access,
            beneath=below["resource", access.resource],
            implied=below["action", access.action],
        )
        for access in page
    ]


def _named(read: Sequence[str]) -> tuple[str, ...]:
    names = sorted(set(read))
    is_whole = len(names) <= MOST_NAMED and len(read) < _MOST_READ
    return tuple(names) if is_whole else (*names[:MOST_NAMED], BEYOND)
