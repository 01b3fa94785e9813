"""The mended instrumentation against a real PostgreSQL: names, failures, and what stays out."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan

from telemetry.asyncpg import instrument_asyncpg
from telemetry.catalog import database
from telemetry.testing import Captured
from tests.servers import PostgresServer

Connection = Any  # asyncpg ships no types

DURATION_LABELS = {"db.system.name": "postgresql"}


@pytest.fixture
async def connection(postgres: PostgresServer, captured: Captured) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(postgres.url())
    await opened.execute("CREATE TEMPORARY TABLE songs (title text PRIMARY KEY)")
    undo = instrument_asyncpg(captured.telemetry.tracing, captured.telemetry.meter)
    yield opened
    undo()
    await opened.close()


def only(captured: Captured) -> ReadableSpan:
    [span] = captured.spans()
    return span


async def test_a_query_is_named_by_its_summary_and_measured(
    connection: Connection, captured: Captured
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
    labels = DURATION_LABELS | {"db.operation.name": "SELECT"}
    assert captured.sample(database.OPERATION_DURATION, labels) == 1
    assert "hush" not in str(span.to_json())


async def test_a_failure_has_its_sqlstate_and_none_of_its_message(
    connection: Connection, captured: Captured
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
    labels = DURATION_LABELS | {"db.operation.name": "INSERT", "error.type": "23505"}
    assert captured.sample(database.OPERATION_DURATION, labels) == 1


async def test_a_timeout_has_its_class(connection: Connection, captured: Captured) -> None:
    with pytest.raises(TimeoutError):
        await connection.execute("SELECT pg_sleep(10)", timeout=0.05)
    span = only(captured)
    assert span.attributes is not None
    assert span.attributes["error.type"] == "TimeoutError"
    assert "db.response.status_code" not in span.attributes


async def test_a_transactions_bounds_are_measured_and_make_no_span(
    connection: Connection, captured: Captured
) -> None:
    async with connection.transaction():
        await connection.execute("DELETE FROM songs")
        async with connection.transaction():
            await connection.execute("UPDATE songs SET title = ''")
    assert captured.span_names() == ["DELETE songs", "UPDATE songs"]
    for operation in ("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT"):
        labels = DURATION_LABELS | {"db.operation.name": operation}
        assert captured.sample(database.OPERATION_DURATION, labels) == 1


async def test_suppressed_calls_make_no_span(connection: Connection, captured: Captured) -> None:
    with suppress_instrumentation():
        await connection.fetchval("SELECT 1")
    assert captured.spans() == []


async def test_it_can_be_undone_and_done_again(connection: Connection, captured: Captured) -> None:
    AsyncPGInstrumentor().uninstrument()  # type: ignore[no-untyped-call]  # contrib's own gap
    await connection.fetchval("SELECT 1")
    assert captured.spans() == []
    instrument_asyncpg(captured.telemetry.tracing, captured.telemetry.meter)
    await connection.fetchval("SELECT 1")
    assert captured.span_names() == ["SELECT"]
