"""API keys: who may call and as what. Only hashes are kept.

Every change, whoever makes it, moves a mark, so that the replicas need not read the keys to know
that they are unchanged.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the keys, the mark, and the trigger that moves it."""
    op.execute(
        """
        CREATE TABLE api_keys (
            id                  text PRIMARY KEY,
            name                text        NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
            digest              bytea       NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
            roles               text[]      NOT NULL CHECK (
                cardinality(roles) > 0 AND roles <@ ARRAY['check', 'manage', 'audit']
            ),
            requests_per_second integer     CHECK (requests_per_second > 0),
            created_at          timestamptz NOT NULL DEFAULT now(),
            expires_at          timestamptz,
            revoked_at          timestamptz
        )
        """
    )
    op.execute(
        """
        CREATE TABLE api_keys_mark (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            mark     uuid    NOT NULL
        )
        """
    )
    op.execute("INSERT INTO api_keys_mark (mark) VALUES (gen_random_uuid())")
    op.execute(
        """
        CREATE FUNCTION move_api_keys_mark() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE api_keys_mark SET mark = gen_random_uuid();
            RETURN NULL;
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER api_keys_changed
        AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON api_keys
        FOR EACH STATEMENT EXECUTE FUNCTION move_api_keys_mark()
        """
    )


def downgrade() -> None:
    """Drop the keys: only those of SIGHTLINE_API_KEYS are left."""
    op.execute("DROP TABLE api_keys")
    op.execute("DROP FUNCTION move_api_keys_mark")
    op.execute("DROP TABLE api_keys_mark")
