"""By which groups a user comes to a grant: the shortest way from the user to the group that has it.

Groups are read level by level, each once a page whatever the number of ways through them: in a
lattice of groups there are more ways than could ever be listed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from app.authorization.limits import GraphLimits
from app.database.pool import Connection
from app.database.review_statements import GROUPS_OF_GROUPS, GROUPS_OF_USERS
from app.reports.access import Access

BEYOND: Final = "\N{HORIZONTAL ELLIPSIS}"
"""What stands for a way that is longer than a check would follow: it allows nobody."""

_MOST_STEPS: Final = GraphLimits().depth

_Above = Mapping[str, Sequence[str]]


async def with_paths(connection: Connection, page: Sequence[Access]) -> Sequence[Access]:
    """Return the rows, each that has a group with the groups which lead to it, the user's first."""
    users = sorted({access.user for access in page if access.through})
    if not users:
        return page
    direct = await _above(connection, GROUPS_OF_USERS, users)
    above = await _all_above(connection, {group for groups in direct.values() for group in groups})
    ways: dict[str, dict[str, tuple[str, ...]]] = {}
    found = []
    for access in page:
        if not access.through:
            found.append(access)
            continue
        if access.user not in ways:  # rows come by user: one user's ways at a time
            ways = {access.user: _ways(direct.get(access.user, ()), above)}
        path = ways[access.user].get(access.through, (BEYOND, access.through))
        found.append(replace(access, path=path))
    return found


async def _all_above(connection: Connection, groups: set[str]) -> dict[str, Sequence[str]]:
    """Return the groups above each group that can be reached from these."""
    known: dict[str, Sequence[str]] = {}
    level = groups
    for _ in range(1, _MOST_STEPS):
        if not level:
            break
        read = await _above(connection, GROUPS_OF_GROUPS, sorted(level))
        known |= {group: read.get(group, ()) for group in level}
        level = {upper for uppers in read.values() for upper in uppers} - known.keys()
    return known


async def _above(
    connection: Connection, statement: str, members: Sequence[str]
) -> dict[str, Sequence[str]]:
    rows = await connection.fetch(statement, members)
    return {row["member"]: row["groups"] for row in rows}


def _ways(direct: Sequence[str], above: _Above) -> dict[str, tuple[str, ...]]:
    """Return the shortest way to every group that can be reached, the user's own group first."""
    ways: dict[str, tuple[str, ...]] = {group: (group,) for group in direct}
    level = list(ways)
    while level:
        upper = {}
        for group in level:
            for one in above.get(group, ()):
                if one not in ways and one not in upper and len(ways[group]) < _MOST_STEPS:
                    upper[one] = (*ways[group], one)
        ways |= upper
        level = list(upper)
    return ways
