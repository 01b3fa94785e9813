"""Report jobs, the reports made of them, and the outbox of their mails.

Jobs and mails have the same lease columns, and one implementation works on both
(`app.reports.queue`). One ID runs through: a job, its report and its mail, so that the key of the
outbox is what keeps a job from mailing twice.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_LEASE_COLUMNS = """
    status      text        NOT NULL DEFAULT 'queued'
                            CHECK (status IN ('queued', 'running', 'done', 'dead')),
    attempt     integer     NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    handed_back integer     NOT NULL DEFAULT 0 CHECK (handed_back BETWEEN 0 AND attempt),
    due_at      timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz CHECK ((status = 'running') = (lease_until IS NOT NULL)),
    error_type  text,
    carrier     jsonb       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz CHECK ((status IN ('done', 'dead')) = (finished_at IS NOT NULL))
"""


def upgrade() -> None:
    """Create the three tables, and for each queue the index that its claims read."""
    op.execute(
        f"""
        CREATE TABLE report_jobs (
            id              uuid PRIMARY KEY,
            requested_by    text NOT NULL,
            idempotency_key text,
            recipient       text NOT NULL,
            subject         text,
            {_LEASE_COLUMNS},
            UNIQUE (requested_by, idempotency_key)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE reports (
            id         uuid PRIMARY KEY REFERENCES report_jobs,
            body_text  text        NOT NULL,
            body_html  text        NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        f"""
        CREATE TABLE mail_outbox (
            id uuid PRIMARY KEY REFERENCES reports,
            {_LEASE_COLUMNS}
        )
        """
    )
    for table in ("report_jobs", "mail_outbox"):
        op.execute(
            f"""
            CREATE INDEX {table}_ready ON {table} (COALESCE(lease_until, due_at))
            WHERE status IN ('queued', 'running')
            """
        )


def downgrade() -> None:
    """Drop the tables, and with them every job, report and mail."""
    for table in ("mail_outbox", "reports", "report_jobs"):
        op.execute(f"DROP TABLE {table}")
