"""The audit trail: entries, the chain that seals them, and who may do what to either.

Nobody changes, removes or truncates a row: triggers refuse it to everyone, also to the owner, but
for the retention function, which runs as a role of its own. `docs/audit.md` has the whole.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

_TABLES = ("audit_entries", "audit_chain", "audit_checkpoints")


def upgrade() -> None:
    """Create the tables, the two roles, the triggers and the retention function."""
    _create_order()
    _create_tables()
    for role in ("sightline_audit_append", "sightline_audit_retention"):
        _create_role(role)
    _create_guard()
    _create_retention()
    _grant()


def downgrade() -> None:
    """Drop the trail, and with it every entry; the roles are the cluster's and stay."""
    op.execute("DROP FUNCTION audit_cut(integer, integer)")
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION audit_refuse_change()")
    op.execute("DROP FUNCTION audit_rebase()")
    op.execute("DROP FUNCTION audit_xid(xid8)")
    op.execute("DROP FUNCTION audit_xid_offset()")


def _create_order() -> None:
    # A database that is restored elsewhere goes on above the transaction IDs it brought along:
    # `audit_rebase` makes the offset anew, while nobody writes. STABLE, not IMMUTABLE: what is
    # folded into a cached plan as a constant would outlive its change.
    op.execute(
        """
        CREATE FUNCTION audit_xid_offset() RETURNS bigint
        LANGUAGE sql STABLE AS 'SELECT 0::bigint'
        """
    )
    op.execute(
        """
        CREATE FUNCTION audit_xid(own xid8) RETURNS xid8 LANGUAGE sql STABLE
        RETURN ((own::text::bigint + audit_xid_offset())::text)::xid8
        """
    )
    op.execute(
        """
        CREATE FUNCTION audit_rebase() RETURNS bigint
        LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        DECLARE
            ahead bigint;
        BEGIN
            SELECT greatest(0, max(xid::text::bigint) - pg_current_xact_id()::text::bigint + 1)
            INTO ahead
            FROM (SELECT max(xid) AS xid FROM audit_entries
                  UNION ALL SELECT max(xid) FROM audit_chain) AS known;
            EXECUTE format('CREATE OR REPLACE FUNCTION audit_xid_offset() RETURNS bigint'
                ' LANGUAGE sql STABLE AS %L', format('SELECT %s::bigint', coalesce(ahead, 0)));
            RETURN coalesce(ahead, 0);
        END $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION audit_rebase() FROM PUBLIC")


def _create_tables() -> None:
    # An ID may commit after a higher one. The transaction's ID tells the sealer which rows can
    # still appear: none below the oldest transaction that runs.
    op.execute(
        """
        CREATE TABLE audit_entries (
            id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            xid            xid8        NOT NULL DEFAULT audit_xid(pg_current_xact_id()),
            at             timestamptz NOT NULL DEFAULT clock_timestamp(),
            actor          text        NOT NULL,
            action         text        NOT NULL,
            object         text        NOT NULL,
            outcome        text        NOT NULL,
            service        text        NOT NULL DEFAULT current_setting('application_name', true),
            instance       text        NOT NULL,
            client_address text,
            correlation_id text,
            trace_id       text,
            details        jsonb       NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX audit_entries_order ON audit_entries (xid, id)")
    op.execute("CREATE INDEX audit_entries_at ON audit_entries (at)")
    for column in ("actor", "object", "action"):
        op.execute(f"CREATE INDEX audit_entries_{column} ON audit_entries ({column}, id)")
    op.execute(
        """
        CREATE TABLE audit_chain (
            number    bigint PRIMARY KEY CHECK (number > 0),
            entry_id  bigint NOT NULL UNIQUE,
            xid       xid8   NOT NULL,
            digest    bytea  NOT NULL,
            previous  bytea  NOT NULL,
            hash      bytea  NOT NULL,
            sealed_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """
    )
    op.execute(
        """
        CREATE TABLE audit_checkpoints (
            number bigint      PRIMARY KEY,
            hash   bytea       NOT NULL,
            xid    xid8        NOT NULL,
            id     bigint      NOT NULL,
            cut_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """
    )


def _create_role(role: str) -> None:
    # Roles are the cluster's: another database's migration may have made it, even just now.
    op.execute(
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                CREATE ROLE {role} NOLOGIN;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
        """
    )


def _create_guard() -> None:
    op.execute(
        """
        CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_user = 'sightline_audit_retention' THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'the audit trail is append-only: % on % is refused',
                TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    for table in _TABLES:
        for name, events, each in (
            ("append_only", "UPDATE OR DELETE", "ROW"),
            ("no_truncate", "TRUNCATE", "STATEMENT"),
        ):
            op.execute(
                f"""
                CREATE TRIGGER {table}_{name} BEFORE {events} ON {table}
                FOR EACH {each} EXECUTE FUNCTION audit_refuse_change()
                """
            )
            # Also under session_replication_role = replica.
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")


def _create_retention() -> None:
    op.execute(
        """
        CREATE FUNCTION audit_cut(older_than_days integer, at_most integer) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
        DECLARE
            cut audit_checkpoints;
            first bigint;
            cut_entries bigint;
        BEGIN
            IF older_than_days < 30 THEN
                RAISE EXCEPTION 'audit entries are kept for at least 30 days'
                    USING ERRCODE = 'invalid_parameter_value';
            END IF;
            SELECT min(number) INTO first FROM audit_chain;
            -- The last link stays: the chain goes on from it. Where an entry is missing the cut
            -- ends before it: what was tampered with is kept.
            SELECT c.number, c.hash, c.xid, c.entry_id INTO cut.number, cut.hash, cut.xid, cut.id
            FROM audit_chain c
            WHERE c.number < least(
                first + at_most,
                (SELECT max(number) FROM audit_chain),
                (SELECT min(k.number) FROM audit_chain k LEFT JOIN audit_entries l
                 ON l.id = k.entry_id WHERE k.number < first + at_most AND (l.id IS NULL
                 OR l.at >= clock_timestamp() - make_interval(days => older_than_days)))
            )
            ORDER BY c.number DESC LIMIT 1;
            IF cut.number IS NULL THEN
                RETURN 0;
            END IF;
            INSERT INTO audit_checkpoints (number, hash, xid, id)
            VALUES (cut.number, cut.hash, cut.xid, cut.id);
            DELETE FROM audit_entries e USING audit_chain c
            WHERE c.entry_id = e.id AND c.number <= cut.number;
            GET DIAGNOSTICS cut_entries = ROW_COUNT;
            DELETE FROM audit_chain WHERE number <= cut.number;
            RETURN cut_entries;
        END $$
        """
    )


def _grant() -> None:
    op.execute(f"REVOKE ALL ON {', '.join(_TABLES)} FROM PUBLIC")
    op.execute(f"GRANT SELECT ON {', '.join(_TABLES)} TO sightline_audit_append")
    # No id, xid, at and service: those are the database's to say.
    op.execute(
        """
        GRANT INSERT (actor, action, object, outcome, instance, client_address, correlation_id,
                      trace_id, details) ON audit_entries TO sightline_audit_append
        """
    )
    op.execute(
        "GRANT INSERT (number, entry_id, xid, digest, previous, hash) ON audit_chain"
        " TO sightline_audit_append"
    )
    op.execute("GRANT SELECT, DELETE ON audit_entries, audit_chain TO sightline_audit_retention")
    op.execute("GRANT SELECT, INSERT ON audit_checkpoints TO sightline_audit_retention")
    op.execute("REVOKE ALL ON FUNCTION audit_cut(integer, integer) FROM PUBLIC")
    # Who takes over a function must be able to create one there, for this moment.
    op.execute(
        """
        DO $$ BEGIN
            EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO sightline_audit_retention',
                           current_schema());
            ALTER FUNCTION audit_cut(integer, integer) OWNER TO sightline_audit_retention;
            EXECUTE format('GRANT EXECUTE ON FUNCTION audit_cut(integer, integer) TO %I',
                           session_user);
            EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM sightline_audit_retention',
                           current_schema());
        END $$
        """
    )
