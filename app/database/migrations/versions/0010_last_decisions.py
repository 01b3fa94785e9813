"""The way to the last decision of record about one user, resource and action.

A report asks for it once a row: without an index it would look through all that was ever decided
about the resource, or give up before the end.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Index the decisions alone: of the trail's entries they are a part."""
    op.execute(
        """
        CREATE INDEX audit_entries_decision
            ON audit_entries (object, (details ->> 'user'), (details ->> 'action'), id)
            WHERE outcome IN ('allow', 'deny')
        """
    )


def downgrade() -> None:
    """Drop the index; reports are slower without it, and say the same."""
    op.execute("DROP INDEX audit_entries_decision")
