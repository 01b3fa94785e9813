"""The SQL of the listings: each reads one index from a key on, however long the list is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from app.database.pool import Connection

Row = Any
"""An `asyncpg.Record`."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One kind of list: its statement, the columns that are its order, and how a row is shown.

    The statement takes what is listed, the limit, and then the key to begin after.
    """

    name: str
    statement: str
    key: tuple[str, ...]
    first: tuple[Any, ...]
    """A key before every other: no name is empty."""
    shown: Callable[[Row], dict[str, Any]]


def _without_empty(row: Row) -> dict[str, Any]:
    hidden = {"is_group", "holder"}
    return {name: value for name, value in row.items() if value is not None and name not in hidden}


def _of_holder(name: str, column: str) -> Listing:
    return Listing(
        name,
        f"""
        SELECT user_id AS "user", group_id AS "group", resource, action, granted_by,
            created_at AS granted_at
        FROM grants WHERE {column} = $1 AND (resource, action) > ($3, $4)
        ORDER BY resource, action LIMIT $2
        """,  # noqa: S608  # constants of this module; values are always parameters
        ("resource", "action"),
        ("", ""),
        _without_empty,
    )


def _of_relation(name: str, table: str, of: str, listed: str, shown_as: str) -> Listing:
    return Listing(
        name,
        f"""
        SELECT {listed} AS "{shown_as}", added_by, created_at AS added_at
        FROM {table} WHERE {of} = $1 AND {listed} > $3 ORDER BY {listed} LIMIT $2
        """,  # noqa: S608  # as above
        (shown_as,),
        ("",),
        _without_empty,
    )


GRANTS_OF_USER: Final = _of_holder("grants-of-user", "user_id")
GRANTS_OF_GROUP: Final = _of_holder("grants-of-group", "group_id")
GRANTS_OF_RESOURCE: Final = Listing(
    "grants-of-resource",
    """
    SELECT user_id AS "user", group_id AS "group", resource, action, granted_by,
        created_at AS granted_at, group_id IS NOT NULL AS is_group,
        COALESCE(user_id, group_id) AS holder
    FROM grants
    WHERE resource || '' = $1
        AND (action, (group_id IS NOT NULL), COALESCE(user_id, group_id)) > ($3, $4, $5)
    ORDER BY action, (group_id IS NOT NULL), COALESCE(user_id, group_id) LIMIT $2
    """,
    ("action", "is_group", "holder"),
    ("", False, ""),
    _without_empty,
)
MEMBERS: Final = Listing(
    "members",
    """
    SELECT user_id AS "user", member_group_id AS member_group, added_by, created_at AS added_at,
        member_group_id IS NOT NULL AS is_group, COALESCE(user_id, member_group_id) AS holder
    FROM group_members
    WHERE group_id = $1
        AND ((member_group_id IS NOT NULL), COALESCE(user_id, member_group_id)) > ($3, $4)
    ORDER BY (member_group_id IS NOT NULL), COALESCE(user_id, member_group_id) LIMIT $2
    """,
    ("is_group", "holder"),
    (False, ""),
    _without_empty,
)
GROUPS_OF_USER: Final = _of_relation(
    "groups-of-user", "group_members", "user_id", "group_id", "group"
)
GROUPS_OF_GROUP: Final = _of_relation(
    "groups-of-group", "group_members", "member_group_id", "group_id", "group"
)
PARENTS: Final = _of_relation("parents", "resource_parents", "resource", "parent", "parent")
CHILDREN: Final = _of_relation("children", "resource_parents", "parent", "resource", "resource")
IMPLYING: Final = _of_relation(
    "implying", "action_implications", "action", "implied_by", "implied_by"
)


async def read(
    connection: Connection, listing: Listing, of: str, after: tuple[Any, ...], limit: int
) -> list[Row]:
    """Return the rows after the key, at most `limit`."""
    rows: list[Row] = await connection.fetch(listing.statement, of, limit, *after)
    return rows
