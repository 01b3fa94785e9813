"""Bulk ingestion: the directory that it fills, its imports with their checkpoints, their rejects.

An import's row is its lease, its fence (`attempt`) and its checkpoint in one: whoever commits rows
of the file moves it in the same transaction. What was uploaded waits in pieces, so that any replica
can go on where another stopped; the pieces leave with the import's end.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_ORIGIN = """
    added_by   text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
"""


def upgrade() -> None:
    """Create the directory of users and groups, and the three tables of imports."""
    op.execute(f"CREATE TABLE directory_users (user_id text PRIMARY KEY, {_ORIGIN})")
    op.execute(f"CREATE TABLE directory_groups (group_id text PRIMARY KEY, {_ORIGIN})")
    op.execute(
        """
        CREATE TABLE imports (
            id             uuid PRIMARY KEY,
            kind           text NOT NULL
                           CHECK (kind IN ('users', 'groups', 'memberships', 'parents', 'grants')),
            format         text NOT NULL CHECK (format IN ('csv', 'ndjson')),
            source         text NOT NULL CHECK (source IN ('upload', 'reference', 'command')),
            path           text CHECK ((path IS NULL) = (source = 'upload')),
            file_hash      bytea       NOT NULL CHECK (length(file_hash) = 32),
            size_bytes     bigint      NOT NULL CHECK (size_bytes >= 0),
            requested_by   text        NOT NULL,
            is_current     boolean     NOT NULL DEFAULT true,
            carrier        jsonb       NOT NULL,
            status         text        NOT NULL DEFAULT 'queued'
                           CHECK (status IN ('queued', 'running', 'done', 'failed')),
            attempt        integer     NOT NULL DEFAULT 0,
            fruitless      integer     NOT NULL DEFAULT 0,
            lease_until    timestamptz CHECK ((status = 'running') = (lease_until IS NOT NULL)),
            byte_offset    bigint      NOT NULL DEFAULT 0
                           CHECK (byte_offset BETWEEN 0 AND size_bytes),
            next_line      bigint      NOT NULL DEFAULT 1,
            rows_added     bigint      NOT NULL DEFAULT 0,
            rows_unchanged bigint      NOT NULL DEFAULT 0,
            rows_rejected  bigint      NOT NULL DEFAULT 0,
            error_type     text,
            created_at     timestamptz NOT NULL DEFAULT now(),
            checkpoint_at  timestamptz,
            finished_at    timestamptz
                           CHECK ((status IN ('done', 'failed')) = (finished_at IS NOT NULL))
        )
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX imports_once ON imports (requested_by, kind, format, file_hash)
        WHERE is_current
        """
    )
    op.execute(
        """
        CREATE INDEX imports_ready ON imports (COALESCE(lease_until, created_at))
        WHERE status IN ('queued', 'running')
        """
    )
    op.execute(
        """
        CREATE TABLE import_pieces (
            import_id   uuid   NOT NULL REFERENCES imports ON DELETE CASCADE,
            byte_offset bigint NOT NULL,
            content     bytea  STORAGE EXTERNAL NOT NULL,
            PRIMARY KEY (import_id, byte_offset)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE import_rejects (
            import_id   uuid   NOT NULL REFERENCES imports ON DELETE CASCADE,
            line        bigint NOT NULL,
            column_name text,
            reason      text   NOT NULL,
            PRIMARY KEY (import_id, line)
        )
        """
    )


def downgrade() -> None:
    """Drop imports and directory; what was imported into other tables stays."""
    for table in ("import_rejects", "import_pieces", "imports"):
        op.execute(f"DROP TABLE {table}")
    for table in ("directory_groups", "directory_users"):
        op.execute(f"DROP TABLE {table}")
