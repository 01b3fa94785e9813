"""A traced client against a real Valkey: names, batches, failures, and what stays out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from telemetry.catalog import database
from telemetry.catalog.pipeline import SERIES_CAPPED
from telemetry.database_calls import MAX_KINDS
from telemetry.redis import traced
from telemetry.testing import Captured
from tests.servers import ValkeyServer, free_port

Client = Any  # redis-py types its commands for both of its clients at once


@pytest.fixture
async def client(cache_url: str, captured: Captured) -> AsyncIterator[Client]:
    made = Redis.from_url(cache_url)
    yield traced(made, captured.telemetry.tracing, captured.telemetry.meter)
    await made.aclose()


def calls(captured: Captured) -> list[tuple[str, object]]:
    """Each span's operation and the size of its batch."""
    attributes: list[dict[str, Any]] = [dict(span.attributes or {}) for span in captured.spans()]
    return [(a["db.operation.name"], a.get("db.operation.batch.size")) for a in attributes]


def measured(captured: Captured, valkey: ValkeyServer, operation: str, **more: str) -> float:
    labels = {
        "db.system.name": "redis",
        "db.namespace": "0",
        "db.operation.name": operation,
        "server.address": "127.0.0.1",
        "server.port": str(valkey.port),
    }
    return captured.sample(database.OPERATION_DURATION, labels | more)


async def test_a_command_is_a_span_and_is_measured(
    client: Client, captured: Captured, valkey: ValkeyServer
) -> None:
    await client.set("canary", "canary")
    [span] = captured.spans()
    assert (span.name, span.kind.name) == (f"SET 127.0.0.1:{valkey.port}", "CLIENT")
    assert span.attributes == {
        "db.system.name": "redis",
        "db.operation.name": "SET",
        "db.namespace": "0",
        "server.address": "127.0.0.1",
        "server.port": valkey.port,
    }
    assert measured(captured, valkey, "SET") == 1


async def test_a_pipeline_is_one_span(
    client: Client, captured: Captured, valkey: ValkeyServer
) -> None:
    async with client.pipeline(transaction=False) as pipeline:
        for number in range(40):
            pipeline.set(f"canary {number}", number)
        await pipeline.execute()
        await pipeline.get("one").set("two", 2).execute()
        await pipeline.get("alone").execute()
        await pipeline.execute()
    async with client.pipeline() as transaction:
        await transaction.get("one").get("two").execute()
    assert calls(captured) == [
        ("PIPELINE SET", 40),
        ("PIPELINE", 2),
        ("GET", None),
        ("MULTI GET", 2),
    ]
    assert measured(captured, valkey, "PIPELINE SET") == 1


async def test_a_watched_transaction_shows_its_reads(client: Client, captured: Captured) -> None:
    async with client.pipeline() as transaction:
        await transaction.watch("one")
        await transaction.get("one")
        transaction.multi()
        await transaction.set("one", 1).set("two", 2).execute()
    assert calls(captured) == [("WATCH", None), ("GET", None), ("MULTI SET", 2)]


async def test_a_failure_has_its_prefix_and_none_of_its_message(
    client: Client, captured: Captured, valkey: ValkeyServer
) -> None:
    await client.set("canary", "x")
    captured.clear()
    with pytest.raises(ResponseError):
        await client.lpush("canary", "y")
    with pytest.raises(ResponseError):
        await client.pipeline(transaction=False).lpush("canary", "y").get("z").execute()
    for span in captured.spans():
        attributes = dict(span.attributes or {})
        assert span.status.status_code.name == "ERROR"
        assert span.status.description is None
        assert attributes["db.response.status_code"] == attributes["error.type"] == "WRONGTYPE"
        assert "canary" not in str(span.to_json())
    failed = {"db.response.status_code": "WRONGTYPE", "error.type": "WRONGTYPE"}
    assert measured(captured, valkey, "LPUSH", **failed) == 1
    assert len(captured.spans()) == 2


async def test_an_idle_blocking_read_is_measured_and_makes_no_span(
    client: Client, captured: Captured, valkey: ValkeyServer
) -> None:
    assert await client.blpop(["queue"], timeout=0.01) is None
    assert not await client.xread({"stream": "$"}, block=10)
    assert captured.spans() == []
    assert measured(captured, valkey, "BLPOP") == measured(captured, valkey, "XREAD") == 1
    await client.rpush("queue", "job")
    await client.blpop(["queue"], timeout=1)
    assert calls(captured) == [("RPUSH", None), ("BLPOP", None)]


async def test_a_blocking_read_that_is_called_off_is_measured_and_makes_no_span(
    client: Client, captured: Captured, valkey: ValkeyServer
) -> None:
    await client.ping()  # a connection is there: only the read is called off
    captured.clear()
    poll = asyncio.create_task(client.blpop(["queue"], timeout=10))
    await asyncio.sleep(0.01)
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    assert captured.spans() == []
    called_off = {"error.type": "asyncio.exceptions.CancelledError"}
    assert measured(captured, valkey, "BLPOP", **called_off) == 1


async def test_a_script_or_function_is_named_and_nothing_of_its_arguments(
    client: Client, captured: Captured
) -> None:
    digest = await client.script_load("return ARGV[1]")
    captured.clear()
    await client.evalsha(digest, 1, "canary", "canary")
    await client.pipeline(transaction=False).evalsha(digest, 0, "canary").execute()
    for called in ("add_grant", "no name: canary"):
        with pytest.raises(ResponseError):
            await client.fcall(called, 1, "canary", "canary")
    shown = [dict(span.attributes or {}) for span in captured.spans()]
    assert [(one["db.operation.name"], one.get("db.stored_procedure.name")) for one in shown] == [
        ("EVALSHA", digest),
        ("EVALSHA", digest),
        ("FCALL", "add_grant"),
        ("FCALL", None),
    ]
    assert "canary" not in str(shown)


async def test_a_blocking_read_that_fails_is_a_span(client: Client, captured: Captured) -> None:
    await client.set("queue", "no list")
    captured.clear()
    with pytest.raises(ResponseError):
        await client.blpop(["queue"], timeout=1)
    [span] = captured.spans()
    assert (span.attributes or {})["db.response.status_code"] == "WRONGTYPE"


async def test_a_server_that_is_away_is_named_by_class(captured: Captured) -> None:
    nowhere = Redis(port=free_port())
    client = traced(nowhere, captured.telemetry.tracing, captured.telemetry.meter)
    with pytest.raises(RedisConnectionError):
        await client.ping()
    [span] = captured.spans()
    assert (span.attributes or {})["error.type"] == "redis.exceptions.ConnectionError"
    assert "db.response.status_code" not in (span.attributes or {})
    await nowhere.aclose()


async def test_suppressed_commands_make_no_span(client: Client, captured: Captured) -> None:
    with suppress_instrumentation():
        await client.ping()
        await client.pipeline().ping().execute()
        await client.blpop(["queue"], timeout=0.01)
    assert captured.spans() == []


async def test_a_line_as_a_command_is_named_by_its_command(
    client: Client, captured: Captured
) -> None:
    await client.execute_command("SET canary canary")
    await client.execute_command("CONFIG GET", "maxmemory")
    await client.execute_command(b"CLIENT ID")
    with pytest.raises(ResponseError):
        await client.execute_command("\N{SNOWMAN}canary")
    assert "canary" not in "".join(str(span.to_json()) for span in captured.spans())
    assert [name for name, _ in calls(captured)] == ["SET", "CONFIG GET", "CLIENT ID", ""]


async def test_a_blocking_read_is_one_in_small_letters_too(
    client: Client, captured: Captured
) -> None:
    await client.execute_command("blpop", "queue", 0.01)
    assert captured.spans() == []


async def test_the_metric_is_as_long_as_the_span(client: Client, captured: Captured) -> None:
    await client.get("one")
    [span] = captured.spans()
    nanoseconds = (span.end_time or 0) - (span.start_time or 0)
    assert captured.observed(database.OPERATION_DURATION) == pytest.approx(nanoseconds / 1e9)


async def test_the_exemplar_is_the_commands_own_span(client: Client, captured: Captured) -> None:
    await client.get("one")
    [span] = captured.spans()
    assert span.context is not None
    [exemplar] = captured.exemplars(database.OPERATION_DURATION)
    assert exemplar["span_id"] == f"{span.context.span_id:016x}"


async def test_made_up_commands_share_one_series(
    client: Client, captured: Captured, valkey: ValkeyServer
) -> None:
    for number in range(MAX_KINDS + 5):
        with pytest.raises(ResponseError):
            await client.execute_command(f"MADE.UP{number}")
    failed = {"db.response.status_code": "ERR", "error.type": "ERR"}
    assert measured(captured, valkey, "MADE.UP99", **failed) == 1
    assert measured(captured, valkey, "MADE.UP100", **failed) == 0
    assert measured(captured, valkey, "_overflow", **failed) == 5
    assert captured.sample(SERIES_CAPPED, {"metric.name": "db.client.operation.duration"}) == 5
