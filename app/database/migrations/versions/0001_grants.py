"""Grants, and the epoch that every change of them moves."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables; the epoch has one row, for ever."""
    op.execute(
        """
        CREATE TABLE grants (
            user_id    text        NOT NULL,
            resource   text        NOT NULL,
            action     text        NOT NULL,
            granted_by text        NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, resource, action)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE grant_epoch (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            number   bigint  NOT NULL,
            mark     uuid    NOT NULL
        )
        """
    )
    op.execute("INSERT INTO grant_epoch (number, mark) VALUES (1, gen_random_uuid())")


def downgrade() -> None:
    """Drop the tables, and with them every grant."""
    op.execute("DROP TABLE grant_epoch")
    op.execute("DROP TABLE grants")
