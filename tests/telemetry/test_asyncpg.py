"""The mended instrumentation against a real PostgreSQL: names, failures, and what stays out."""

import io
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan

from telemetry.asyncpg import instrument_asyncpg
from telemetry.catalog import database
from telemetry.catalog.pipeline import SERIES_CAPPED
from telemetry.database_calls import MAX_KINDS
from telemetry.testing import Captured
from tests.servers import PostgresServer

Connection = Any  # asyncpg ships no types


@pytest.fixture
async def connection(postgres: PostgresServer, captured: Captured) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(postgres.url())
    await opened.execute("CREATE TEMPORARY TABLE songs (title text PRIMARY KEY)")
    await opened.execute("INSERT INTO songs SELECT 'song ' || n FROM generate_series(1, 120) n")
    undo = instrument_asyncpg(captured.telemetry.tracing, captured.telemetry.meter)
    yield opened
    undo()
    await opened.close()


def measured(captured: Captured, postgres: PostgresServer, summary: str, **more: str) -> float:
    """How often a statement was measured; `more` are labels that a success lacks."""
    url = urlsplit(postgres.url())
    labels = {
        "db.system.name": "postgresql",
        "db.namespace": url.path[1:],
        "db.query.summary": summary,
        "server.address": str(url.hostname),
        "server.port": str(url.port),
    }
    return captured.sample(database.OPERATION_DURATION, labels | more)


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def only(captured: Captured) -> ReadableSpan:
    [span] = captured.spans()
    return span


async def test_a_query_is_named_by_its_summary_and_measured(
    connection: Connection, captured: Captured, postgres: PostgresServer
) -> None:
    await connection.fetch("SELECT title FROM songs WHERE title = $1", "hush")
    span = only(captured)
    assert (span.name, span.kind.name, span.status.status_code.name) == (
        "SELECT songs",
        "CLIENT",
        "UNSET",
    )
    assert span.attributes is not None
    assert span.attributes["db.system.name"] == "postgresql"
    assert span.attributes["db.query.summary"] == "SELECT songs"
    assert "db.statement" not in span.attributes
    assert measured(captured, postgres, "SELECT songs") == 1
    assert "hush" not in str(span.to_json())


async def test_a_failure_has_its_sqlstate_and_none_of_its_message(
    connection: Connection, captured: Captured, postgres: PostgresServer
) -> None:
    insert = "INSERT INTO songs VALUES ($1)"
    await connection.execute(insert, "hush")
    captured.clear()
    with pytest.raises(asyncpg.UniqueViolationError, match="songs") as raised:
        await connection.execute(insert, "hush")
    assert "hush" in str(raised.value.detail)
    span = only(captured)
    assert span.name == "INSERT songs"
    assert span.status.status_code.name == "ERROR"
    assert span.status.description is None
    assert span.events == ()
    assert span.attributes is not None
    assert span.attributes["db.response.status_code"] == "23505"
    assert span.attributes["error.type"] == "23505"
    assert "hush" not in str(span.to_json())
    failed = {"db.response.status_code": "23505", "error.type": "23505"}
    assert measured(captured, postgres, "INSERT songs", **failed) == 1


async def test_a_timeout_has_its_class(connection: Connection, captured: Captured) -> None:
    with pytest.raises(TimeoutError):
        await connection.execute("SELECT pg_sleep(10)", timeout=0.05)
    span = only(captured)
    assert span.attributes is not None
    assert span.attributes["error.type"] == "TimeoutError"
    assert "db.response.status_code" not in span.attributes


async def test_a_transactions_bounds_are_measured_and_make_no_span(
    connection: Connection, captured: Captured, postgres: PostgresServer
) -> None:
    async with connection.transaction():
        await connection.execute("DELETE FROM songs")
        async with connection.transaction():
            await connection.execute("UPDATE songs SET title = title")
    assert captured.span_names() == ["DELETE songs", "UPDATE songs"]
    for operation in ("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT"):
        assert measured(captured, postgres, operation) == 1


async def test_suppressed_calls_make_no_span(connection: Connection, captured: Captured) -> None:
    with suppress_instrumentation():
        await connection.fetchval("SELECT 1")
    assert captured.spans() == []


async def test_literals_are_in_no_attribute(connection: Connection, captured: Captured) -> None:
    await connection.fetch("SELECT title FROM songs WHERE title = 'canary' OR 31337 = $1", 1)
    span = only(captured)
    assert attributes(span)["db.query.text"] == (
        "SELECT title FROM songs WHERE title = ? OR ? = $1"
    )
    assert "canary" not in str(span.to_json())


async def test_an_iterated_cursor_is_one_span(
    connection: Connection, captured: Captured, postgres: PostgresServer
) -> None:
    async with connection.transaction():
        rows = [row async for row in connection.cursor("SELECT title FROM songs", prefetch=7)]
    assert len(rows) == 120
    assert attributes(only(captured))["db.response.returned_rows"] == 120
    assert captured.span_names() == ["SELECT songs"]
    assert measured(captured, postgres, "SELECT songs") == 1


async def test_a_cursor_left_early_ends_its_span(
    connection: Connection, captured: Captured
) -> None:
    async with connection.transaction():
        async for _ in connection.cursor("SELECT title FROM songs", prefetch=7):
            break
        await connection.fetchval("SELECT 1")  # the event loop has gone round by then
    assert sorted(captured.span_names()) == ["SELECT", "SELECT songs"]
    assert attributes(captured.span("SELECT songs"))["db.response.returned_rows"] == 1


async def test_a_cursor_read_by_hand_is_one_span(
    connection: Connection, captured: Captured
) -> None:
    async with connection.transaction():
        cursor = await connection.cursor("SELECT title FROM songs")
        await cursor.forward(100)
        assert len(await cursor.fetch(5)) == 5
        while await cursor.fetchrow():
            pass
    assert captured.span_names() == ["SELECT songs"]
    assert attributes(only(captured))["db.response.returned_rows"] == 20


async def test_a_cursor_that_fails_says_so(connection: Connection, captured: Captured) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with connection.transaction():
            await connection.cursor("SELECT 1 FROM nowhere")
    span = only(captured)
    assert (span.name, span.status.status_code.name) == ("SELECT nowhere", "ERROR")
    assert attributes(span)["error.type"] == "42P01"


async def test_prepare_and_what_is_prepared_are_traced(
    connection: Connection, captured: Captured
) -> None:
    query = "SELECT title FROM songs WHERE title = $1"
    statement = await connection.prepare(query)
    await statement.fetch("song 1")
    await statement.fetchval("song 1")
    await statement.fetchrow("song 1")
    assert captured.span_names() == ["PREPARE SELECT songs", *["SELECT songs"] * 3]
    assert attributes(captured.spans()[0])["db.operation.name"] == "PREPARE"
    assert {attributes(span)["db.query.text"] for span in captured.spans()} == {query}


async def test_batches_have_their_size(connection: Connection, captured: Captured) -> None:
    insert = "INSERT INTO songs VALUES ($1)"
    await connection.executemany(insert, [("a",), ("b",)])
    await connection.fetchmany(f"{insert} RETURNING title", [("c",), ("d",), ("e",)])
    statement = await connection.prepare(insert)
    await statement.executemany([("f",), ("g",)])
    await connection.executemany(insert, [("one",)])
    await connection.executemany(insert, [])
    await connection.executemany(insert, iter([("of",), ("unknown",), ("number",)]))
    sizes = [(s.name, attributes(s).get("db.operation.batch.size")) for s in captured.spans()]
    assert sizes == [
        ("BATCH INSERT songs", 2),
        ("BATCH INSERT songs", 3),
        ("PREPARE INSERT songs", None),
        ("BATCH INSERT songs", 2),
        ("INSERT songs", None),
        ("BATCH INSERT songs", 0),
        ("INSERT songs", None),
    ]


async def test_copies_are_traced(
    connection: Connection, captured: Captured, postgres: PostgresServer
) -> None:
    await connection.copy_records_to_table("songs", records=[("canary",)])
    await connection.copy_to_table("songs", source=io.BytesIO(b"other\n"))
    await connection.copy_from_table("songs", output=io.BytesIO())
    await connection.copy_from_query(
        "SELECT title FROM songs WHERE title = $1", "canary", output=io.BytesIO()
    )
    assert captured.span_names() == [*["COPY songs"] * 3, "COPY SELECT songs"]
    assert attributes(captured.spans()[0])["db.collection.name"] == "songs"
    assert "canary" not in "".join(str(span.to_json()) for span in captured.spans())
    copied = {"db.operation.name": "COPY", "db.collection.name": "songs"}
    assert measured(captured, postgres, "COPY songs", **copied) == 3


async def test_a_failed_copy_has_its_sqlstate(connection: Connection, captured: Captured) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.copy_records_to_table("songs", records=[("song 1",)])
    span = only(captured)
    assert attributes(span)["db.response.status_code"] == "23505"
    assert "song 1" not in str(span.to_json())


async def test_what_asyncpg_asks_for_itself_makes_no_span(
    connection: Connection, captured: Captured
) -> None:
    await connection.execute("CREATE TYPE pg_temp.mood AS ENUM ('sad')")
    await connection.fetch("SELECT $1::pg_temp.mood", "sad")  # its type is looked up first
    await connection.reset()
    assert captured.span_names() == ["CREATE", "SELECT"]


async def test_it_can_be_undone_and_done_again(
    postgres: PostgresServer, captured: Captured
) -> None:
    telemetry = captured.telemetry
    opened = await asyncpg.connect(postgres.url())
    for _ in range(2):
        undo = instrument_asyncpg(telemetry.tracing, telemetry.meter)
        await opened.fetchval("SELECT 1")
        undo()
        await opened.fetchval("SELECT 2")
        await opened.prepare("SELECT 3")
        await opened.copy_from_query("SELECT 4", output=io.BytesIO())
        await opened.reset()
    await opened.close()
    assert captured.span_names() == ["SELECT", "SELECT"]


async def test_the_metric_is_as_long_as_the_span(
    connection: Connection, captured: Captured
) -> None:
    await connection.fetchval("SELECT pg_sleep(0.01)")
    span = only(captured)
    nanoseconds = (span.end_time or 0) - (span.start_time or 0)
    assert captured.observed(database.OPERATION_DURATION) == pytest.approx(nanoseconds / 1e9)


async def test_statements_that_are_made_up_share_one_series(
    connection: Connection, captured: Captured, postgres: PostgresServer
) -> None:
    for number in range(MAX_KINDS + 5):
        with pytest.raises(asyncpg.UndefinedTableError):
            await connection.execute(f"TRUNCATE made_up_{number}")
    failed = {"db.response.status_code": "42P01", "error.type": "42P01"}
    assert measured(captured, postgres, f"TRUNCATE made_up_{MAX_KINDS - 1}", **failed) == 1
    assert measured(captured, postgres, "_overflow", **failed) == 5
    assert captured.sample(SERIES_CAPPED, {"metric.name": "db.client.operation.duration"}) == 5
    assert captured.span_names()[-1] == f"TRUNCATE made_up_{MAX_KINDS + 4}"
