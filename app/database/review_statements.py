"""The SQL of the access review: who can do what, by which way, how far, and what was decided.

`app.reports` runs it, a page of rows at a time, in one snapshot.
"""

from typing import Final

SNAPSHOT_TIME: Final = "SELECT now()"
# Who can do what: what was granted to the user, and to each group that the user is in, however
# deep; UNION ends where groups contain each other.
_ACCESS: Final = """
    WITH RECURSIVE memberships (user_id, group_id) AS (
        SELECT user_id, group_id FROM group_members
        WHERE user_id IS NOT NULL AND ($1::text IS NULL OR user_id = $1)
        UNION
        SELECT inner_group.user_id, outer_group.group_id FROM memberships AS inner_group
        JOIN group_members AS outer_group ON outer_group.member_group_id = inner_group.group_id
    ), access AS (
        SELECT user_id, resource, action, '' AS via, granted_by, created_at FROM grants
        WHERE user_id IS NOT NULL AND ($1::text IS NULL OR user_id = $1)
        UNION ALL
        SELECT member.user_id, held.resource, held.action, held.group_id, held.granted_by,
            held.created_at
        FROM memberships AS member JOIN grants AS held ON held.group_id = member.group_id
    )
"""
ACCESS_ROWS: Final = f"""
    {_ACCESS}
    SELECT user_id, resource, action, via, granted_by, created_at FROM access
    ORDER BY user_id, resource, action, via
"""  # noqa: S608  # a constant of this module
ACCESS_COUNT: Final = f"{_ACCESS} SELECT count(*) FROM access"  # noqa: S608  # a constant of this module

GROUPS_OF_USERS: Final = """
    SELECT user_id AS member, array_agg(group_id ORDER BY group_id) AS groups
    FROM group_members WHERE user_id = ANY ($1::text[]) GROUP BY user_id
"""
GROUPS_OF_GROUPS: Final = """
    SELECT member_group_id AS member, array_agg(group_id ORDER BY group_id) AS groups
    FROM group_members WHERE member_group_id = ANY ($1::text[]) GROUP BY member_group_id
"""

# Down from each resource and each action, the nearest first. A step is an array, so that it is a
# probe of the relation's index whatever the statistics say; the outer LIMIT ends the walk.
_BELOW: Final = """
    SELECT '{below}' AS kind, wanted.name, ARRAY(
        WITH RECURSIVE below (name, depth) AS (
            SELECT name, 1 FROM (
                SELECT {below} FROM {table} WHERE {above} = wanted.name LIMIT $4
            ) AS first (name)
            UNION
            SELECT step.name, below.depth + 1 FROM below CROSS JOIN unnest(ARRAY(
                SELECT {below} FROM {table} WHERE {above} = below.name LIMIT $4
            )) AS step (name)
            WHERE below.depth < $3
        )
        SELECT name FROM below WHERE name <> wanted.name LIMIT $4
    ) AS below
    FROM unnest({names}::text[]) AS wanted (name)
"""
_BENEATH: Final = _BELOW.format(
    table="resource_parents", above="parent", below="resource", names="$1"
)
_IMPLIED: Final = _BELOW.format(
    table="action_implications", above="implied_by", below="action", names="$2"
)
REACH: Final = f"{_BENEATH} UNION ALL {_IMPLIED}"

# Each is one step in the index `audit_entries_decision`.
LAST_DECISIONS: Final = """
    SELECT wanted.place, last.outcome, last.at
    FROM unnest($1::text[], $2::text[], $3::text[])
        WITH ORDINALITY AS wanted (user_id, resource, action, place)
    CROSS JOIN LATERAL (
        SELECT outcome, at FROM audit_entries
        WHERE outcome IN ('allow', 'deny') AND object = wanted.resource
            AND details ->> 'user' = wanted.user_id AND details ->> 'action' = wanted.action
        ORDER BY id DESC LIMIT 1
    ) AS last
"""
