"""What a report asks for once a row: the last decision about it, and the actions that one implies.

Without its index a decision would be looked for among all that were ever made about the resource,
or given up before the end.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Index the decisions, which are a part of the trail, and the implications from above."""
    op.execute(
        """
        CREATE INDEX audit_entries_decision
            ON audit_entries (object, (details ->> 'user'), (details ->> 'action'), id)
            WHERE outcome IN ('allow', 'deny')
        """
    )
    op.execute("CREATE INDEX implied_actions ON action_implications (implied_by, action)")


def downgrade() -> None:
    """Drop the indexes; reports are slower without them, and say the same."""
    op.execute("DROP INDEX implied_actions")
    op.execute("DROP INDEX audit_entries_decision")
