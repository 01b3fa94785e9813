import json
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.audit.origin import AddressPolicy, RememberClient, client_address
from app.audit.trail import MAX_DETAILS_BYTES, MAX_NAME, Entry, Outcome, record
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.catalog.declarations import Span, SpanKind
from telemetry.context import bound_correlation_id
from telemetry.testing import Captured
from tests.app.audit.trails import superuser

_SPAN = Span("a change", SpanKind.INTERNAL, "For the test.")


async def _rows(pool: DatabasePool) -> list[Any]:
    async with pool.acquire() as connection:
        return list(await connection.fetch("SELECT * FROM audit_entries ORDER BY id"))


async def test_an_entry_says_who_what_when_where_and_in_which_request(
    settings: Settings, captured: Captured
) -> None:
    pool = await DatabasePool.open(settings, captured.telemetry, application="sightline-web")
    with captured.telemetry.tracing.span(_SPAN) as span, bound_correlation_id("c-1"):
        async with pool.transaction() as connection:
            await record(
                connection, Entry("deploy", "grant.add", "doc:1", details={"n": [1, None]})
            )
    (row,) = await _rows(pool)
    await pool.close()
    assert (row["actor"], row["action"], row["object"]) == ("deploy", "grant.add", "doc:1")
    assert (row["outcome"], row["service"]) == ("done", "sightline-web")
    assert row["correlation_id"] == "c-1"
    assert row["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert json.loads(row["details"]) == {"n": [1, None]}
    assert ":" in row["instance"]


async def test_an_entry_is_on_record_if_and_only_if_its_change_is(pool: DatabasePool) -> None:
    async def fail() -> None:
        async with pool.transaction() as connection:
            await record(connection, Entry("a", "grant.add", "doc:1"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await _rows(pool) == []
    async with pool.transaction() as connection:
        await record(connection, Entry("a", "x", "1"), Entry("a", "x", "2", Outcome.FAILED))
    assert [(row["object"], row["outcome"]) for row in await _rows(pool)] == [
        ("1", "done"),
        ("2", "failed"),
    ]


async def test_no_text_and_no_size_keeps_an_entry_from_being_recorded(pool: DatabasePool) -> None:
    async with pool.transaction() as connection:
        await record(
            connection,
            Entry("a\0b", "x\ud800", "o" * 5_000, details={"k\0": "\udfff", "big": "x" * 10_000}),
            Entry("a", "x", "y", details={"k\0": "\udfff"}),
        )
    first, second = await _rows(pool)
    assert (first["actor"], first["action"], len(first["object"])) == (
        "a\ufffdb",
        "x\ufffd",
        MAX_NAME,
    )
    assert json.loads(first["details"])["too_large"]["bytes"] > MAX_DETAILS_BYTES
    assert json.loads(second["details"]) == {"k\ufffd": "\ufffd"}


async def test_a_recording_waits_for_no_sealer_and_no_other_recording(pool: DatabasePool) -> None:
    async with pool.transaction() as sealing:
        await sealing.fetchval("SELECT pg_advisory_xact_lock($1)", 0x5167_0006)
        async with pool.transaction() as slow:
            await record(slow, Entry("a", "x", "1"))
            async with pool.transaction() as quick:
                await quick.execute("SET LOCAL lock_timeout = '1s'")
                await record(quick, Entry("a", "x", "2"))
            async with pool.acquire() as connection:
                held = await connection.fetch(
                    "SELECT mode FROM pg_locks WHERE relation = 'audit_entries'::regclass"
                )
            assert {row["mode"] for row in held} == {"RowExclusiveLock"}


@pytest.mark.parametrize(
    ("policy", "client", "kept"),
    [
        ("full", "192.0.2.77", "192.0.2.77"),
        ("network", "192.0.2.77", "192.0.2.0/24"),
        ("network", "2001:db8:1:2::5", "2001:db8:1::/48"),
        ("none", "192.0.2.77", None),
        ("full", "not an address", None),
    ],
)
async def test_the_address_is_kept_as_the_policy_allows(
    policy: AddressPolicy, client: str, kept: str | None
) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(client_address())

    async def nothing(*_: object) -> Any:  # noqa: ANN401  # never called
        raise AssertionError

    await RememberClient(app, policy)({"type": "http", "client": (client, 1)}, nothing, nothing)
    assert (seen, client_address()) == ([kept], None)


async def test_the_append_role_may_add_and_read_and_nothing_else(
    pool: DatabasePool, settings: Settings
) -> None:
    async with pool.transaction() as connection:
        await record(connection, Entry("a", "x", "1"))
    refused = (
        "UPDATE audit_entries SET actor = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "INSERT INTO audit_entries (at) VALUES ('epoch')",
        "INSERT INTO audit_entries (xid) VALUES ('1')",
        "INSERT INTO audit_entries (service) VALUES ('another')",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "SELECT audit_cut(30, 1)",
        "DELETE FROM audit_chain",
        "INSERT INTO audit_checkpoints VALUES (1, 'x', '1', 1)",
    )
    # The triggers are off here: what refuses is what the role has been granted.
    async with superuser(settings.database_url.get_secret_value()) as connection:
        await connection.execute("SET ROLE sightline_audit_append")
        await record(connection, Entry("a", "x", "2"))
        assert await connection.fetchval("SELECT count(*) FROM audit_entries") == 2
        for statement in refused:
            with pytest.raises(Exception, match=r"permission denied|must be owner"):
                await connection.execute(statement)


@pytest.mark.parametrize("table", ["audit_entries", "audit_chain", "audit_checkpoints"])
async def test_the_triggers_refuse_change_to_everyone(table: str, pool: DatabasePool) -> None:
    async with pool.transaction() as connection:
        await record(connection, Entry("a", "x", "1"))
        await connection.execute(
            "INSERT INTO audit_chain VALUES (1, 1, '1', 'd', 'p', 'h');"
            "INSERT INTO audit_checkpoints VALUES (1, 'h', '1', 1)"
        )
    async with pool.acquire() as connection:
        await connection.execute("SET session_replication_role = replica")  # turns triggers off
        columns = await connection.fetchval(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 3", table
        )
        for statement in (
            f"UPDATE {table} SET {columns} = {columns}",  # noqa: S608  # ours
            f"DELETE FROM {table}",  # noqa: S608  # ours
            f"TRUNCATE {table}",
        ):
            with pytest.raises(Exception, match="append-only"):
                await connection.execute(statement)
        await connection.execute("RESET session_replication_role")
