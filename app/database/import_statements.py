"""The SQL of imports: their checkpoints, the uploaded pieces, the rejects, and the rows' way in.

`app.batches` runs it, nobody else. Every write to an import asks for its `attempt`: who was taken
for dead and is not finds that the number has moved on. All times are the database's.
"""

from typing import Final

REGISTER: Final = """
    INSERT INTO imports (id, kind, format, source, path, file_hash, size_bytes, requested_by,
                         carrier)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb)
    ON CONFLICT (requested_by, kind, format, file_hash) WHERE is_current DO NOTHING
    RETURNING id
"""
SAME_FILE: Final = """
    SELECT id, status FROM imports
    WHERE requested_by = $1 AND kind = $2 AND format = $3 AND file_hash = $4 AND is_current
    FOR UPDATE
"""
SUPERSEDE: Final = """
    UPDATE imports SET is_current = false
    WHERE requested_by = $1 AND kind = $2 AND format = $3 AND file_hash = $4 AND is_current
        AND status IN ('done', 'failed')
"""
REQUEUE: Final = """
    UPDATE imports SET status = 'queued', fruitless = 0, error_type = NULL, finished_at = NULL,
        source = $2, path = $3
    WHERE id = $1 AND status = 'failed'
"""
RENAME: Final = "UPDATE imports SET path = $2 WHERE id = $1 AND source = 'command'"
"""The file may have moved: it is known by its hash."""
ADD_PIECE: Final = "INSERT INTO import_pieces (import_id, byte_offset, content) VALUES ($1, $2, $3)"
PIECES: Final = """
    SELECT byte_offset, content FROM import_pieces
    WHERE import_id = $1 AND byte_offset >= $2 AND byte_offset < $3 ORDER BY byte_offset
"""
DROP_PIECES: Final = "DELETE FROM import_pieces WHERE import_id = $1"

_CLAIMED: Final = """
    UPDATE imports AS claimed SET status = 'running', attempt = attempt + 1,
        fruitless = fruitless + 1, lease_until = now() + make_interval(secs => $1)
    FROM ready WHERE claimed.id = ready.id
    RETURNING claimed.id, kind, format, source, path, file_hash, size_bytes, requested_by,
        carrier::text, attempt, fruitless, byte_offset, next_line, rows_added, rows_unchanged,
        rows_rejected
"""
CLAIM_NEXT: Final = f"""
    WITH ready AS (
        SELECT id FROM imports
        WHERE status IN ('queued', 'running') AND COALESCE(lease_until, created_at) <= now()
            AND source <> 'command'
        ORDER BY COALESCE(lease_until, created_at) LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    {_CLAIMED}
"""  # noqa: S608  # a constant of this module
CLAIM_ONE: Final = f"""
    WITH ready AS (
        SELECT id FROM imports
        WHERE id = $2 AND status IN ('queued', 'running')
            AND COALESCE(lease_until, created_at) <= now()
        FOR UPDATE
    )
    {_CLAIMED}
"""  # noqa: S608  # a constant of this module
END_FROZEN: Final = """
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE EXISTS (SELECT FROM imports WHERE status = 'running' AND lease_until <= now())
        AND datname = current_database() AND usename = session_user
        AND state = 'active' AND wait_event = 'ClientRead' AND query LIKE 'COPY %'
        AND xact_start <= now() - make_interval(secs => $1)
        AND pid IN (
            SELECT pid FROM pg_locks
            WHERE relation = 'imports'::regclass AND mode = 'RowShareLock' AND granted
        )
"""
"""End the COPY of a process that stands still: none of the server's own timeouts does.

Within a COPY the server waits for its client without end, and the import's row stays locked. That
lock is what tells it from a COPY that is none of an import's.
"""
_HELD: Final = "WHERE id = $1 AND attempt = $2 AND status = 'running'"
LOCK: Final = f"""
    SELECT byte_offset, next_line, rows_added, rows_unchanged, rows_rejected
    FROM imports {_HELD} FOR UPDATE
"""  # noqa: S608  # a constant of this module
CHECKPOINT: Final = f"""
    UPDATE imports SET byte_offset = $3, next_line = $4, rows_added = $5, rows_unchanged = $6,
        rows_rejected = $7, fruitless = 0, checkpoint_at = now(),
        lease_until = now() + make_interval(secs => $8)
    {_HELD}
"""  # noqa: S608  # as above
FINISH: Final = f"""
    UPDATE imports SET status = $3, error_type = $4, finished_at = now(), lease_until = NULL
    {_HELD} RETURNING id
"""  # noqa: S608  # as above
HAND_BACK: Final = f"""
    UPDATE imports SET status = 'queued', fruitless = 0, lease_until = NULL {_HELD} RETURNING id
"""  # noqa: S608  # as above
ADD_REJECTS: Final = """
    INSERT INTO import_rejects (import_id, line, column_name, reason)
    SELECT $1, line, column_name, reason
    FROM unnest($2::bigint[], $3::text[], $4::text[]) AS rejected (line, column_name, reason)
"""
REJECTS_KEPT: Final = "SELECT count(*) FROM import_rejects WHERE import_id = $1"
REJECTS_PAGE: Final = """
    SELECT line, column_name, reason FROM import_rejects
    WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3
"""
STATUS: Final = """
    SELECT id, kind, format, source, status, byte_offset, size_bytes, rows_added, rows_unchanged,
        rows_rejected, error_type, created_at, checkpoint_at, finished_at
    FROM imports WHERE id = $1 AND requested_by = $2
"""
IS_FINISHED: Final = "SELECT status IN ('done', 'failed') FROM imports WHERE id = $1"


def insert_missing(table: str, columns: tuple[str, ...], origin: str) -> str:
    """Return the statement that inserts the rows that are not there, from an array a column.

    The last parameter is the value of `origin`. The names are constants of `app.batches.kinds`.
    """
    names = ", ".join(columns)
    arrays = ", ".join(f"${place}::text[]" for place in range(1, len(columns) + 1))
    return f"""
        INSERT INTO {table} ({names}, {origin})
        SELECT {names}, ${len(columns) + 1}::text FROM unnest({arrays}) AS given ({names})
        ON CONFLICT DO NOTHING
    """  # noqa: S608  # names of tables and columns; values are always parameters
