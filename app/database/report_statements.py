"""The SQL of the report queue and of the outbox: `app.reports` runs it, nobody else.

A message is ready when it is queued and due, or running under a lease that has run out. The one
index serves both: a queued message has no `lease_until`, so the two fold into one expression.
All times are the database's, so that workers need not agree on one.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LeaseStatements:
    """What a queue does to its table; each but `claim` and `backlog` is fenced by the attempt."""

    claim: str
    extend: str
    complete: str
    retry: str
    bury: str
    hand_back: str
    backlog: str


def lease_statements(table: str) -> LeaseStatements:
    """Return the statements for a table that has the columns of a lease (migration 0002)."""
    # Only the two constants below reach these texts; values are always parameters.
    held = "WHERE id = $1 AND attempt = $2 AND status = 'running' RETURNING id"
    return LeaseStatements(
        claim=f"""
            WITH ready AS (
                SELECT id, COALESCE(lease_until, due_at) AS ready_at FROM {table}
                WHERE status IN ('queued', 'running') AND COALESCE(lease_until, due_at) <= now()
                ORDER BY COALESCE(lease_until, due_at)
                LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            UPDATE {table} AS message
            SET status = 'running', attempt = attempt + 1,
                lease_until = now() + make_interval(secs => $1)
            FROM ready WHERE message.id = ready.id
            RETURNING message.id, attempt, attempt - handed_back AS tries, carrier::text,
                EXTRACT(EPOCH FROM now() - ready_at)::float8 AS waited_seconds
        """,  # noqa: S608  # the table is a constant of this module
        # A heartbeat that waited for the completing transaction finds its own message done.
        extend=f"""
            UPDATE {table} SET lease_until =
                CASE status WHEN 'running' THEN now() + make_interval(secs => $3) END
            WHERE id = $1 AND attempt = $2 AND status IN ('running', 'done') RETURNING id
        """,  # noqa: S608  # as above
        complete=f"""
            UPDATE {table} SET status = 'done', lease_until = NULL, finished_at = now() {held}
        """,  # noqa: S608  # as above
        retry=f"""
            UPDATE {table} SET status = 'queued', lease_until = NULL, error_type = $4,
                due_at = now() + make_interval(secs => $3) {held}
        """,  # noqa: S608  # as above
        bury=f"""
            UPDATE {table} SET status = 'dead', lease_until = NULL, error_type = $3,
                finished_at = now() {held}
        """,  # noqa: S608  # as above
        hand_back=f"""
            UPDATE {table} SET status = 'queued', lease_until = NULL,
                handed_back = handed_back + 1 {held}
        """,  # noqa: S608  # as above
        backlog=f"""
            SELECT count(*) AS depth,
                COALESCE(EXTRACT(EPOCH FROM now() - min(created_at)), 0)::float8 AS oldest_seconds
            FROM {table} WHERE status IN ('queued', 'running') AND due_at <= now()
        """,  # noqa: S608  # as above
    )


REPORT_LEASES: Final = lease_statements("report_jobs")
MAIL_LEASES: Final = lease_statements("mail_outbox")

INSERT_JOB: Final = """
    INSERT INTO report_jobs (id, requested_by, idempotency_key, recipient, subject, carrier)
    VALUES ($1, $2, $3, $4, $5, $6::text::jsonb)
    ON CONFLICT (requested_by, idempotency_key) DO NOTHING
    RETURNING id
"""
SAME_KEY_JOB: Final = """
    SELECT id, recipient = $3 AND subject IS NOT DISTINCT FROM $4 AS same_request
    FROM report_jobs WHERE requested_by = $1 AND idempotency_key = $2
"""
JOB_STATUS: Final = """
    SELECT job.status AS job_status, mail.status AS mail_status, job.created_at,
        CASE WHEN job.status = 'dead' THEN job.finished_at ELSE mail.finished_at END AS finished_at
    FROM report_jobs AS job LEFT JOIN mail_outbox AS mail ON mail.id = job.id
    WHERE job.id = $1 AND job.requested_by = $2
"""
JOB_SUBJECT: Final = "SELECT subject FROM report_jobs WHERE id = $1"
JOB_AGE: Final = """
    SELECT EXTRACT(EPOCH FROM clock_timestamp() - created_at)::float8
    FROM report_jobs WHERE id = $1
"""
INSERT_REPORT: Final = "INSERT INTO reports (id, body_text, body_html) VALUES ($1, $2, $3)"
INSERT_MAIL: Final = "INSERT INTO mail_outbox (id, carrier) VALUES ($1, $2::text::jsonb)"
MAIL_CONTENT: Final = """
    SELECT job.recipient, report.body_text, report.body_html, report.created_at
    FROM report_jobs AS job JOIN reports AS report ON report.id = job.id
    WHERE job.id = $1
"""
SNAPSHOT_TIME: Final = "SELECT now()"
GRANTS_PAGE: Final = """
    SELECT user_id, resource, action, granted_by, created_at FROM grants
    WHERE (user_id, resource, action) > ($1, $2, $3)
    ORDER BY user_id, resource, action LIMIT $4
"""
USER_GRANTS_PAGE: Final = """
    SELECT user_id, resource, action, granted_by, created_at FROM grants
    WHERE (user_id, resource, action) > ($1, $2, $3) AND user_id = $5
    ORDER BY user_id, resource, action LIMIT $4
"""
