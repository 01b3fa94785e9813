"""The SQL that decides: one statement for a check, one for many, one to explain.

A permission is the union of what Zanzibar calls direct grants (the user's own), usersets (a group
that the user is in), computed usersets (an action that implies the one asked for) and tuples to
usersets (a resource above the one asked for): in SQL a walk up each of three relations, and a look
for any grant where they meet.

The walks cannot run away. `UNION` drops what a level has had already, so a level has each node
once at most; levels are counted, so a cycle ends; and the `LIMIT` around each walk stops it once it
has more rows than the nodes that are allowed could make on all levels. A walk goes one level and
one node further than allowed: that is how going too far is told from being done. All of it is
lazy: a direct grant is found by one probe of an index, without a walk.

Nothing here is left to statistics, which a table that has just been filled has none of. A step is
an array: that keeps it a probe of the relation's index, where a join could read the relation whole,
and PostgreSQL takes every array for ten rows, where it would guess a two-hundredth of the table. By
that guess it would make the table in which a `UNION` finds what it has had, megabytes of it at each
check.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.authorization.limits import GraphLimits
from app.authorization.model import AccessQuery
from app.database.pool import Connection

ALLOWED: Final = 1
TOO_DEEP: Final = 2
TOO_WIDE: Final = 3
MOST_PATHS: Final = 10
"""Grants that one explanation names: the nearest ones."""

_MOST_WAYS: Final = 4
"""Ways into a node, on average, that an explanation looks at."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """One direction: where it starts, and the relation that it climbs."""

    name: str
    start: str
    table: str
    below: str
    above: str
    most: str


def _array_of(column: str, table: str, condition: str, most: str) -> str:
    """Return a step: what the relation's index has for a node, or one more than is allowed."""
    return f"unnest(ARRAY(SELECT {column} FROM {table} WHERE {condition} LIMIT {most} + 1))"  # noqa: S608  # constants; values are always parameters


_GROUPS: Final = _Walk(
    "groups",
    f"""
        SELECT {{user}}::text, id, 1 FROM (
            SELECT id
            FROM {_array_of("group_id", "group_members", "user_id = {user}", "$5::int")} AS own (id)
            LIMIT $5::int + 1
        ) AS direct
    """,  # noqa: S608  # constants; values are always parameters
    "group_members",
    "member_group_id",
    "group_id",
    "$5::int",
)
_RESOURCES: Final = _Walk(
    "resources",
    "SELECT NULL::text, {resource}::text, 0",
    "resource_parents",
    "resource",
    "parent",
    "$6::int",
)
_ACTIONS: Final = _Walk(
    "actions",
    "SELECT NULL::text, {action}::text, 0",
    "action_implications",
    "action",
    "implied_by",
    "$7::int",
)


def _steps(walk: _Walk, *, keeps_origin: bool) -> str:
    """Return the walk as two table expressions: every step, and each node once at its nearest.

    Only an explanation asks where each step came from: without, a level has fewer rows.
    """
    origin = f"walk.id, edge.{walk.above}" if keeps_origin else f"NULL::text, edge.{walk.above}"
    most_rows = _most_rows(walk, keeps_origin=keeps_origin)
    edges = _array_of(walk.above, walk.table, f"{walk.below} = walk.id", walk.most)
    start = walk.start if keeps_origin else walk.start.replace("{user}::text", "NULL::text")
    return f"""
        {walk.name}_walk (origin, id, depth) AS (
            {start}
            UNION
            SELECT {origin}, walk.depth + 1 FROM {walk.name}_walk AS walk
            CROSS JOIN {edges} AS edge ({walk.above}) WHERE walk.depth <= $4::int
        ),
        {walk.name}_bounded AS MATERIALIZED (
            SELECT * FROM {walk.name}_walk LIMIT {most_rows} + 1
        ),
        {walk.name} AS MATERIALIZED (
            SELECT DISTINCT ON (id) origin, id, depth FROM {walk.name}_bounded
            ORDER BY id, depth, origin
        )
    """  # noqa: S608  # constants of this module; values are always parameters


def _most_rows(walk: _Walk, *, keeps_origin: bool) -> str:
    """Return how many rows the nodes that are allowed can make, on all levels."""
    ways = _MOST_WAYS if keeps_origin else 1
    return f"({walk.most} + 1) * ($4::int + 2) * {ways}"


def _reached(walk: _Walk) -> str:
    return f"ARRAY(SELECT id FROM {walk.name} WHERE depth <= $4::int)"  # noqa: S608  # as above


def _as_json(walk: _Walk) -> str:
    return f"(SELECT json_object_agg(id, json_build_array(origin, depth)) FROM {walk.name})::text"  # noqa: S608  # as above


def _walks(*, keeps_origin: bool = False) -> str:
    walks = (_steps(walk, keeps_origin=keeps_origin) for walk in (_GROUPS, _RESOURCES, _ACTIONS))
    return f"WITH RECURSIVE {','.join(walks)}"


def _in_one_line(statement: str) -> str:
    """Return the statement short enough for telemetry to read it to its end."""
    return " ".join(statement.split())


# A user's start is no node, a resource and an action are nodes of their own: hence the one more.
_TOO_DEEP: Final = " OR ".join(
    f"EXISTS (SELECT FROM {name} WHERE depth > $4::int)"  # as above
    for name in ("groups", "resources", "actions")
)
_TOO_WIDE: Final = """
    (SELECT count(*) FROM groups) > $5::int OR (SELECT count(*) FROM resources) > $6::int + 1
    OR (SELECT count(*) FROM actions) > $7::int + 1
"""
_TOO_MANY_WAYS: Final = " OR ".join(
    f"(SELECT count(*) FROM {walk.name}_bounded) > {_most_rows(walk, keeps_origin=True)}"  # noqa: S608  # as above
    for walk in (_GROUPS, _RESOURCES, _ACTIONS)
)
_WHERE_INHERITED: Final = f"""
    resource = ANY ({_reached(_RESOURCES)}) AND action = ANY ({_reached(_ACTIONS)})
"""
_OUTCOME: Final = f"""
    CASE
        WHEN EXISTS (
            SELECT FROM grants
            WHERE user_id = {{user}} AND resource = {{resource}} AND action = {{action}}
        ) OR EXISTS (
            SELECT FROM grants WHERE user_id = {{user}} AND {_WHERE_INHERITED}
        ) OR EXISTS (
            SELECT FROM grants WHERE group_id = ANY ({_reached(_GROUPS)}) AND {_WHERE_INHERITED}
        ) THEN {ALLOWED}
        WHEN {_TOO_DEEP} THEN {TOO_DEEP}
        WHEN {_TOO_WIDE} THEN {TOO_WIDE}
        ELSE 0
    END
"""  # noqa: S608  # as above
_PARAMETERS: Final = {"user": "$1", "resource": "$2", "action": "$3"}
_COLUMNS: Final = {"user": "asked.user_id", "resource": "asked.resource", "action": "asked.action"}

DECIDE: Final = _in_one_line(f"""
    {_walks().format(**_PARAMETERS)}
    SELECT number, mark, {_OUTCOME.format(**_PARAMETERS)} AS outcome FROM grant_epoch
""")  # noqa: S608  # as above
DECIDE_MANY: Final = _in_one_line(f"""
    SELECT number, mark, outcome
    FROM unnest($1::text[], $2::text[], $3::text[])
        WITH ORDINALITY AS asked (user_id, resource, action, place)
    CROSS JOIN grant_epoch
    CROSS JOIN LATERAL (
        {_walks().format(**_COLUMNS)} SELECT {_OUTCOME.format(**_COLUMNS)} AS outcome
    ) AS decided
    ORDER BY place
""")  # noqa: S608  # as above
_EXPLAIN: Final = _in_one_line(f"""
    {_walks(keeps_origin=True).format(**_PARAMETERS)},
    found AS MATERIALIZED (
        SELECT * FROM grants WHERE user_id = $1 AND {_WHERE_INHERITED}
        UNION ALL
        SELECT * FROM grants WHERE group_id = ANY ({_reached(_GROUPS)}) AND {_WHERE_INHERITED}
    ),
    nearest AS (
        SELECT found.* FROM found
        JOIN resources ON resources.id = found.resource
        JOIN actions ON actions.id = found.action
        LEFT JOIN groups ON groups.id = found.group_id
        ORDER BY COALESCE(groups.depth, 0) + resources.depth + actions.depth,
            found.group_id IS NOT NULL, found.user_id, found.group_id, found.resource, found.action
        LIMIT {MOST_PATHS}
    )
    SELECT number, mark,
        CASE
            WHEN EXISTS (SELECT FROM found) THEN {ALLOWED}
            WHEN {_TOO_DEEP} THEN {TOO_DEEP}
            WHEN {_TOO_WIDE} OR {_TOO_MANY_WAYS} THEN {TOO_WIDE}
            ELSE 0
        END AS outcome,
        {_as_json(_GROUPS)} AS groups,
        {_as_json(_RESOURCES)} AS resources,
        {_as_json(_ACTIONS)} AS actions,
        (SELECT json_agg(nearest) FROM nearest)::text AS grants
    FROM grant_epoch
""")  # noqa: S608  # as above


Reached = dict[str, tuple[str | None, int]]
"""For each node where it was reached from, and in how many steps."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What an explanation is made of: the nodes that were reached, and the grants there."""

    outcome: int
    epoch: tuple[int, Any]
    groups: Reached
    resources: Reached
    actions: Reached
    grants: list[dict[str, Any]]


async def decide(connection: Connection, query: AccessQuery, limits: GraphLimits) -> Any:  # noqa: ANN401  # asyncpg's
    """Return the epoch on record (`number`, `mark`) and the `outcome` in it."""
    return await connection.fetchrow(
        DECIDE, query.user, query.resource, query.action, *_bounds(limits)
    )


async def decide_many(
    connection: Connection, queries: Sequence[AccessQuery], limits: GraphLimits
) -> Any:  # noqa: ANN401  # asyncpg's
    """Return for each query, in their order, what `decide` would; all from one snapshot."""
    return await connection.fetch(
        DECIDE_MANY,
        [query.user for query in queries],
        [query.resource for query in queries],
        [query.action for query in queries],
        *_bounds(limits),
    )


async def explain(connection: Connection, query: AccessQuery, limits: GraphLimits) -> Explained:
    """Return the outcome with the `MOST_PATHS` nearest grants, and how each was come by."""
    row = await connection.fetchrow(
        _EXPLAIN, query.user, query.resource, query.action, *_bounds(limits)
    )
    groups, resources, actions, grants = (
        json.loads(row[name] or "null") for name in ("groups", "resources", "actions", "grants")
    )
    return Explained(
        row["outcome"],
        (row["number"], row["mark"]),
        groups or {},
        resources,
        actions,
        grants or [],
    )


def _bounds(limits: GraphLimits) -> tuple[int, int, int, int]:
    return limits.depth, limits.groups, limits.ancestors, limits.actions
