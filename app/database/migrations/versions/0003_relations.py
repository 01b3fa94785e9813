"""The relations of the authorization graph: groups in groups, resources in hierarchies, actions.

A grant is a user's or a group's. Grants on record stay as they are: their column keeps its name
and its place, and what wrote to the table still can.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_ORIGIN = """
    added_by   text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
"""


def upgrade() -> None:
    """Let groups hold grants, and create the three relations that grants are inherited by."""
    op.execute("ALTER TABLE grants DROP CONSTRAINT grants_pkey")
    op.execute(
        """
        ALTER TABLE grants
            ALTER COLUMN user_id DROP NOT NULL,
            ADD COLUMN group_id text,
            ADD CONSTRAINT grants_one_subject CHECK (num_nonnulls(user_id, group_id) = 1),
            ADD CONSTRAINT grants_of_user UNIQUE (user_id, resource, action)
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX grants_of_group ON grants (group_id, resource, action)
        WHERE group_id IS NOT NULL
        """
    )
    # An expression, so that only the listing is planned by it: a check that was would read every
    # grant of a resource that thousands have one for.
    op.execute(
        """
        CREATE INDEX grants_of_resource ON grants
            ((resource || ''), action, (group_id IS NOT NULL), COALESCE(user_id, group_id))
        """
    )
    op.execute(
        f"""
        CREATE TABLE group_members (
            group_id        text NOT NULL,
            user_id         text,
            member_group_id text,
            {_ORIGIN},
            CONSTRAINT group_members_one_member
                CHECK (num_nonnulls(user_id, member_group_id) = 1),
            CONSTRAINT group_members_other CHECK (group_id <> member_group_id),
            CONSTRAINT groups_of_user UNIQUE (user_id, group_id),
            CONSTRAINT groups_of_group UNIQUE (member_group_id, group_id)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX group_members_of_group ON group_members
            (group_id, (member_group_id IS NOT NULL), COALESCE(user_id, member_group_id))
        """
    )
    op.execute(
        f"""
        CREATE TABLE resource_parents (
            resource text NOT NULL,
            parent   text NOT NULL,
            {_ORIGIN},
            PRIMARY KEY (resource, parent),
            CONSTRAINT resource_parents_other CHECK (resource <> parent)
        )
        """
    )
    op.execute("CREATE INDEX resource_children ON resource_parents (parent, resource)")
    op.execute(
        f"""
        CREATE TABLE action_implications (
            action     text NOT NULL,
            implied_by text NOT NULL,
            {_ORIGIN},
            PRIMARY KEY (action, implied_by),
            CONSTRAINT action_implications_other CHECK (action <> implied_by)
        )
        """
    )


def downgrade() -> None:
    """Drop the relations, and with them the grants of groups; the users' grants stay."""
    for table in ("action_implications", "resource_parents", "group_members"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DELETE FROM grants WHERE group_id IS NOT NULL")
    op.execute("DROP INDEX grants_of_resource")
    op.execute("DROP INDEX grants_of_group")
    op.execute("ALTER TABLE grants DROP CONSTRAINT grants_of_user, DROP COLUMN group_id")
    op.execute("ALTER TABLE grants ADD PRIMARY KEY (user_id, resource, action)")
