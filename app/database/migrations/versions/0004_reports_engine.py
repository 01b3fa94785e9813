"""Reports as CSV beside HTML, their progress, cancel and replay, and schedules.

Additive: a worker of the release before still works on these tables. A report's CSV is in parts, so
that neither its maker nor its reader holds more than one; parts of an attempt that lost its lease
stay apart by the attempt's number and go when the next attempt begins.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_QUEUES = ("report_jobs", "mail_outbox")
_FINISHED = "status IN ('done', 'dead', 'cancelled')"


def upgrade() -> None:
    """Widen the queues, and create the tables of parts and of schedules."""
    for table in _QUEUES:
        op.execute(
            f"""
            ALTER TABLE {table}
                DROP CONSTRAINT {table}_status_check,
                DROP CONSTRAINT {table}_check2,
                ADD CONSTRAINT {table}_status_check
                    CHECK (status IN ('queued', 'running', 'done', 'dead', 'cancelled')),
                ADD CONSTRAINT {table}_finished_check
                    CHECK (({_FINISHED}) = (finished_at IS NOT NULL)),
                ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false,
                ADD COLUMN enqueued_at timestamptz NOT NULL DEFAULT now()
            """
        )
        op.execute(f"UPDATE {table} SET enqueued_at = created_at")  # noqa: S608  # ours
        op.execute(f"CREATE INDEX {table}_dead ON {table} (finished_at) WHERE status = 'dead'")
    op.execute(
        """
        ALTER TABLE report_jobs
            ALTER COLUMN recipient DROP NOT NULL,
            ADD COLUMN rows_done bigint NOT NULL DEFAULT 0,
            ADD COLUMN rows_total bigint,
            ADD COLUMN schedule_id uuid,
            ADD COLUMN occurrence timestamptz,
            ADD CONSTRAINT report_jobs_occurrence UNIQUE (schedule_id, occurrence)
        """
    )
    op.execute("CREATE INDEX report_jobs_listed ON report_jobs (requested_by, created_at, id)")
    op.execute(
        """
        CREATE INDEX report_jobs_addressed ON report_jobs (finished_at)
        WHERE recipient IS NOT NULL AND finished_at IS NOT NULL
        """
    )
    op.execute("ALTER TABLE reports ADD COLUMN attempt integer, ADD COLUMN csv_bytes bigint")
    op.execute(
        """
        CREATE TABLE report_parts (
            id      uuid    NOT NULL REFERENCES report_jobs ON DELETE CASCADE,
            attempt integer NOT NULL,
            number  integer NOT NULL,
            content bytea   NOT NULL,
            PRIMARY KEY (id, attempt, number)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE report_schedules (
            id              uuid PRIMARY KEY,
            owned_by        text NOT NULL,
            idempotency_key text,
            recipient       text NOT NULL,
            subject         text,
            cron            text NOT NULL,
            time_zone       text NOT NULL,
            next_due        timestamptz,
            last_due        timestamptz,
            created_at      timestamptz NOT NULL DEFAULT now(),
            UNIQUE (owned_by, idempotency_key)
        )
        """
    )
    op.execute("CREATE INDEX report_schedules_due ON report_schedules (next_due)")
    op.execute(
        "CREATE INDEX report_schedules_listed ON report_schedules (owned_by, created_at, id)"
    )


def downgrade() -> None:
    """Drop schedules and parts; what was cancelled becomes dead, forgotten addresses empty."""
    op.execute("DROP TABLE report_schedules")
    op.execute("DROP TABLE report_parts")
    op.execute("ALTER TABLE reports DROP COLUMN attempt, DROP COLUMN csv_bytes")
    op.execute("DROP INDEX report_jobs_listed")
    op.execute("DROP INDEX report_jobs_addressed")
    op.execute("UPDATE report_jobs SET recipient = '' WHERE recipient IS NULL")
    op.execute(
        """
        ALTER TABLE report_jobs
            ALTER COLUMN recipient SET NOT NULL,
            DROP COLUMN rows_done, DROP COLUMN rows_total,
            DROP COLUMN schedule_id, DROP COLUMN occurrence
        """
    )
    for table in _QUEUES:
        op.execute(f"DROP INDEX {table}_dead")
        op.execute(f"UPDATE {table} SET status = 'dead' WHERE status = 'cancelled'")  # noqa: S608  # ours
        op.execute(
            f"""
            ALTER TABLE {table}
                DROP CONSTRAINT {table}_status_check,
                DROP CONSTRAINT {table}_finished_check,
                ADD CONSTRAINT {table}_status_check
                    CHECK (status IN ('queued', 'running', 'done', 'dead')),
                ADD CONSTRAINT {table}_check2
                    CHECK ((status IN ('done', 'dead')) = (finished_at IS NOT NULL)),
                DROP COLUMN cancel_requested,
                DROP COLUMN enqueued_at
            """
        )
