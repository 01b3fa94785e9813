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
    cancel: str
    hand_back: str
    backlog: str


def lease_statements(table: str) -> LeaseStatements:
    """Return the statements for a table with a lease's columns (migrations 0002 and 0004)."""
    # Only the two constants below reach these texts; values are always parameters.
    held = "WHERE id = $1 AND attempt = $2 AND status = 'running'"
    return LeaseStatements(
        claim=f"""
            WITH ready AS (
                SELECT id, COALESCE(lease_until, due_at) AS ready_at,
                    status = 'running' AS lease_expired
                FROM {table}
                WHERE status IN ('queued', 'running') AND COALESCE(lease_until, due_at) <= now()
                ORDER BY COALESCE(lease_until, due_at)
                LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            UPDATE {table} AS message
            SET status = 'running', attempt = attempt + 1,
                lease_until = now() + make_interval(secs => $1)
            FROM ready WHERE message.id = ready.id
            RETURNING message.id, attempt, attempt - handed_back AS tries, carrier::text,
                EXTRACT(EPOCH FROM now() - ready_at)::float8 AS waited_seconds,
                lease_expired, cancel_requested
        """,  # noqa: S608  # the table is a constant of this module
        # A heartbeat that waited for the completing transaction finds its own message done.
        extend=f"""
            UPDATE {table} SET lease_until =
                CASE status WHEN 'running' THEN now() + make_interval(secs => $3) END
            WHERE id = $1 AND attempt = $2 AND status IN ('running', 'done') RETURNING false
        """,  # noqa: S608  # as above
        complete=f"""
            UPDATE {table} SET status = 'done', lease_until = NULL, finished_at = now() {held}
            RETURNING cancel_requested
        """,  # noqa: S608  # as above
        retry=f"""
            UPDATE {table} SET lease_until = NULL, error_type = $4,
                due_at = now() + make_interval(secs => $3),
                status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END,
                finished_at = CASE WHEN cancel_requested THEN now() END
            {held} RETURNING cancel_requested
        """,  # noqa: S608  # as above
        bury=f"""
            UPDATE {table} SET status = 'dead', lease_until = NULL, error_type = $3,
                finished_at = now() {held} RETURNING false
        """,  # noqa: S608  # as above
        cancel=f"""
            UPDATE {table} SET status = 'cancelled', lease_until = NULL,
                finished_at = now() {held} RETURNING true
        """,  # noqa: S608  # as above
        hand_back=f"""
            UPDATE {table} SET status = 'queued', lease_until = NULL,
                handed_back = handed_back + 1 {held} RETURNING false
        """,  # noqa: S608  # as above
        backlog=f"""
            SELECT count(*) AS depth,
                COALESCE(EXTRACT(EPOCH FROM now() - min(enqueued_at)), 0)::float8 AS oldest_seconds,
                (SELECT count(*) FROM {table} WHERE status = 'dead') AS dead
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
JOB_SUBJECT: Final = "SELECT subject FROM report_jobs WHERE id = $1"
JOB_AGE: Final = """
    SELECT EXTRACT(EPOCH FROM clock_timestamp() - enqueued_at)::float8
    FROM report_jobs WHERE id = $1
"""
PROGRESS: Final = """
    UPDATE report_jobs SET rows_done = $3, rows_total = $4
    WHERE id = $1 AND attempt = $2 AND status = 'running' RETURNING cancel_requested
"""
ROWS_MADE: Final = "UPDATE report_jobs SET rows_done = $2, rows_total = $2 WHERE id = $1"

FORGET_PARTS: Final = "DELETE FROM report_parts WHERE id = $1 AND attempt < $2"
INSERT_PART: Final = """
    INSERT INTO report_parts (id, attempt, number, content) VALUES ($1, $2, $3, $4)
"""
INSERT_REPORT: Final = """
    INSERT INTO reports (id, body_text, body_html, attempt, csv_bytes) VALUES ($1, $2, $3, $4, $5)
"""
INSERT_MAIL: Final = "INSERT INTO mail_outbox (id, carrier) VALUES ($1, $2::text::jsonb)"
MAIL_CONTENT: Final = """
    SELECT job.recipient, report.body_text, report.body_html, report.created_at, report.attempt,
        report.csv_bytes
    FROM report_jobs AS job JOIN reports AS report ON report.id = job.id
    WHERE job.id = $1
"""
PARTS: Final = """
    SELECT content FROM report_parts WHERE id = $1 AND attempt = $2 ORDER BY number
"""
OWNED_CSV: Final = """
    SELECT report.attempt, report.csv_bytes, report.created_at
    FROM reports AS report JOIN report_jobs AS job ON job.id = report.id
    WHERE report.id = $1 AND job.requested_by = $2 AND report.csv_bytes IS NOT NULL
"""
PART: Final = "SELECT content FROM report_parts WHERE id = $1 AND attempt = $2 AND number = $3"

_OVERALL: Final = """
    CASE WHEN mail.status IS NULL THEN job.status
        WHEN mail.status = 'queued' THEN 'running' ELSE mail.status END
"""
_STATUS: Final = f"""
    SELECT job.id, {_OVERALL} AS status, job.created_at,
        CASE WHEN mail.status IS NULL THEN job.finished_at ELSE mail.finished_at END AS finished_at,
        job.rows_done, job.rows_total, job.schedule_id,
        COALESCE(mail.error_type, job.error_type) AS error_type,
        job.cancel_requested OR COALESCE(mail.cancel_requested, false) AS cancel_requested
    FROM report_jobs AS job LEFT JOIN mail_outbox AS mail ON mail.id = job.id
"""  # noqa: S608  # a constant of this module
JOB_STATUS: Final = f"{_STATUS} WHERE job.id = $1 AND job.requested_by = $2"
JOBS_PAGE: Final = f"""
    {_STATUS}
    WHERE job.requested_by = $1 AND (job.created_at, job.id) < ($2, $3)
        AND ($5::text IS NULL OR {_OVERALL} = $5)
    ORDER BY job.created_at DESC, job.id DESC LIMIT $4
"""
DEAD: Final = f"{_STATUS} WHERE {_OVERALL} = 'dead' ORDER BY job.created_at LIMIT $1"

# A queued message is cancelled at once; a worker that has it in hand is asked to stop.
_CANCEL: Final = """
    status = CASE {0}.status WHEN 'queued' THEN 'cancelled' ELSE {0}.status END,
    finished_at = CASE {0}.status WHEN 'queued' THEN now() END,
    cancel_requested = true
"""
CANCEL_JOB: Final = f"""
    UPDATE report_jobs AS job SET {_CANCEL.format("job")}
    WHERE id = $1 AND requested_by = $2 AND status IN ('queued', 'running') RETURNING status
"""  # noqa: S608  # a constant of this module
CANCEL_MAIL: Final = f"""
    UPDATE mail_outbox AS mail SET {_CANCEL.format("mail")}
    FROM report_jobs AS job
    WHERE mail.id = $1 AND job.id = $1 AND job.requested_by = $2
        AND mail.status IN ('queued', 'running') RETURNING mail.status
"""  # noqa: S608  # a constant of this module

# All that was tried no longer counts; the attempt, which is the fence, goes on.
_REPLAY: Final = """
    SET status = 'queued', handed_back = attempt, due_at = now(), enqueued_at = now(),
        finished_at = NULL, error_type = NULL, cancel_requested = false
    WHERE id = $1 AND status IN ('dead', 'cancelled') RETURNING id
"""
REPLAYABLE: Final = """
    SELECT recipient IS NOT NULL FROM report_jobs
    WHERE id = $1 AND ($2::text IS NULL OR requested_by = $2) FOR UPDATE
"""
REPLAY_JOB: Final = f"UPDATE report_jobs {_REPLAY}"
REPLAY_MAIL: Final = f"UPDATE mail_outbox {_REPLAY}"
REPLAYED_FROM_NOW: Final = """
    UPDATE report_jobs SET enqueued_at = now(), cancel_requested = false WHERE id = $1
"""

FORGET_FINISHED: Final = """
    WITH old AS (
        SELECT job.id FROM report_jobs AS job LEFT JOIN mail_outbox AS mail ON mail.id = job.id
        WHERE job.recipient IS NOT NULL AND job.finished_at < now() - make_interval(secs => $1)
            AND (mail.id IS NULL OR mail.finished_at < now() - make_interval(secs => $1))
        LIMIT $2 FOR UPDATE OF job SKIP LOCKED
    ), jobs AS (
        UPDATE report_jobs AS job SET recipient = NULL, subject = NULL, idempotency_key = NULL
        FROM old WHERE job.id = old.id
    ), bodies AS (
        UPDATE reports AS report SET body_text = '', body_html = '', csv_bytes = NULL
        FROM old WHERE report.id = old.id
    ), parts AS (
        DELETE FROM report_parts AS part USING old WHERE part.id = old.id
    )
    SELECT count(*) FROM old
"""

_SCHEDULE: Final = """
    id, recipient, subject, cron, time_zone, next_due, last_due, created_at
"""
INSERT_SCHEDULE: Final = f"""
    INSERT INTO report_schedules
        (id, owned_by, idempotency_key, recipient, subject, cron, time_zone, next_due)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (owned_by, idempotency_key) DO NOTHING RETURNING {_SCHEDULE}
"""  # noqa: S608  # a constant of this module
SAME_KEY_SCHEDULE: Final = f"""
    SELECT {_SCHEDULE} FROM report_schedules WHERE owned_by = $1 AND idempotency_key = $2
"""  # noqa: S608  # a constant of this module
COUNT_SCHEDULES: Final = "SELECT count(*) FROM report_schedules WHERE owned_by = $1"
DATABASE_TIME: Final = "SELECT now()"
SCHEDULE: Final = f"SELECT {_SCHEDULE} FROM report_schedules WHERE id = $1 AND owned_by = $2"  # noqa: S608  # a constant of this module
SCHEDULES_PAGE: Final = f"""
    SELECT {_SCHEDULE} FROM report_schedules
    WHERE owned_by = $1 AND (created_at, id) < ($2, $3)
    ORDER BY created_at DESC, id DESC LIMIT $4
"""  # noqa: S608  # a constant of this module
DELETE_SCHEDULE: Final = """
    DELETE FROM report_schedules WHERE id = $1 AND owned_by = $2 RETURNING true
"""
ALL_SCHEDULES: Final = """
    SELECT id, owned_by, cron, time_zone, next_due FROM report_schedules
    ORDER BY created_at, id LIMIT $1
"""
REMOVE_SCHEDULE: Final = "DELETE FROM report_schedules WHERE id = $1 RETURNING true"
ANY_DUE: Final = "SELECT EXISTS (SELECT FROM report_schedules WHERE next_due <= now())"
DUE_SCHEDULE: Final = """
    SELECT id, owned_by, recipient, subject, cron, time_zone, next_due, now() AS now
    FROM report_schedules WHERE next_due <= now()
    ORDER BY next_due LIMIT 1 FOR UPDATE SKIP LOCKED
"""
INSERT_OCCURRENCE: Final = """
    INSERT INTO report_jobs
        (id, requested_by, recipient, subject, carrier, schedule_id, occurrence)
    VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7)
    ON CONFLICT DO NOTHING RETURNING id
"""
ADVANCE_SCHEDULE: Final = """
    UPDATE report_schedules SET last_due = $2, next_due = $3 WHERE id = $1
"""
