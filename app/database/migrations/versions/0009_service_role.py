"""What the service itself may do in the database, as a role without login: `sightline_service`.

It reads and writes its own rows, reads API keys and the schema's revision, adds to the audit trail,
and owns nothing. Whoever the service connects as is made a member (`app.database.service_login`).
A later migration that adds a table grants it to the role itself: GRANT ... TO sightline_service.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

_ROLE = "sightline_service"
_WRITTEN = (
    "grants",
    "grant_epoch",
    "group_members",
    "resource_parents",
    "action_implications",
    "directory_users",
    "directory_groups",
    "report_jobs",
    "reports",
    "report_parts",
    "report_schedules",
    "mail_outbox",
    "imports",
    "import_pieces",
    "import_rejects",
    "user_batches",
    "user_batch_users",
    "user_batch_failures",
)
_READ = ("alembic_version", "api_keys", "api_keys_mark")


def upgrade() -> None:
    """Create the role, unless another database of the cluster has, and grant it what it needs."""
    op.execute(
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{_ROLE}') THEN
                CREATE ROLE {_ROLE} NOLOGIN;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
        """
    )
    op.execute(
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (
                SELECT FROM pg_auth_members
                WHERE roleid = 'sightline_audit_append'::regrole AND member = '{_ROLE}'::regrole
            ) THEN
                GRANT sightline_audit_append TO {_ROLE};
            END IF;
        EXCEPTION WHEN unique_violation THEN NULL;
        END $$
        """
    )
    # Where everybody may create a table in the schema, one of theirs could shadow ours.
    op.execute(
        f"""
        DO $$ BEGIN
            EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO {_ROLE}', current_schema());
        END $$
        """
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(_WRITTEN)} TO {_ROLE}")
    op.execute(f"GRANT SELECT ON {', '.join(_READ)} TO {_ROLE}")


def downgrade() -> None:
    """Take back what was granted here; the role is the cluster's and stays."""
    op.execute(f"REVOKE ALL ON {', '.join((*_WRITTEN, *_READ))} FROM {_ROLE}")
