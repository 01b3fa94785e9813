"""Batches of users: what is to be done to each, how far it is, and who could not be processed.

A batch's row is its lease, its fence (`attempt`) and its checkpoint in one, as an import's is.
Users that were named wait in `user_batch_users` until the end; without any, it is the directory.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the three tables."""
    op.execute(
        """
        CREATE TABLE user_batches (
            id              uuid PRIMARY KEY,
            operation       text        NOT NULL CHECK (operation IN ('offboard', 'review')),
            recipient       text        CHECK ((recipient IS NULL) = (operation = 'offboard')),
            of_directory    boolean     NOT NULL,
            requested_by    text        NOT NULL,
            idempotency_key text,
            request_hash    bytea       NOT NULL CHECK (length(request_hash) = 32),
            carrier         jsonb       NOT NULL,
            status          text        NOT NULL DEFAULT 'queued'
                            CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
            cancel_requested boolean    NOT NULL DEFAULT false,
            attempt         integer     NOT NULL DEFAULT 0,
            fruitless       integer     NOT NULL DEFAULT 0,
            lease_until     timestamptz CHECK ((status = 'running') = (lease_until IS NOT NULL)),
            position        text        NOT NULL DEFAULT '',
            users_total     bigint      NOT NULL,
            users_done      bigint      NOT NULL DEFAULT 0,
            users_failed    bigint      NOT NULL DEFAULT 0,
            error_type      text,
            created_at      timestamptz NOT NULL DEFAULT now(),
            checkpoint_at   timestamptz,
            finished_at     timestamptz CHECK (
                (status IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)
            ),
            UNIQUE (requested_by, idempotency_key)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX user_batches_ready ON user_batches (COALESCE(lease_until, created_at))
        WHERE status IN ('queued', 'running')
        """
    )
    op.execute(
        """
        CREATE TABLE user_batch_users (
            batch_id uuid NOT NULL REFERENCES user_batches ON DELETE CASCADE,
            user_id  text NOT NULL,
            PRIMARY KEY (batch_id, user_id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE user_batch_failures (
            batch_id   uuid NOT NULL REFERENCES user_batches ON DELETE CASCADE,
            user_id    text NOT NULL,
            error_type text NOT NULL,
            PRIMARY KEY (batch_id, user_id)
        )
        """
    )


def downgrade() -> None:
    """Drop the batches; what they did stays."""
    for table in ("user_batch_failures", "user_batch_users", "user_batches"):
        op.execute(f"DROP TABLE {table}")
