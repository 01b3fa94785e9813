"""What is emitted has current names only: no old one, no undeclared one, whatever happens."""

from collections.abc import Iterator
from typing import Any, Final

import asyncpg
import pytest
from opentelemetry.sdk.trace import ReadableSpan

from bench.defects import ours
from bench.defects.driving import ask
from bench.defects.shop import shop
from telemetry.catalog import http
from telemetry.testing import Captured, captured_telemetry
from tests.servers import PostgresServer
from tests.telemetry.conventions import is_current


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
        yield captured


LINE_KEYS: Final = {
    *("timestamp", "level", "event", "service", "trace_id", "span_id", "correlation_id"),
    http.REQUEST_DURATION.name,  # a line's duration has the name of the metric that has it too
}

REQUESTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("/items/7", {}),
    ("/items/7", {"method": "HEAD", "query_string": b"token=a"}),
    ("/items/7", {"method": "BREW", "http_version": "2", "scheme": "https"}),
    ("/items/7", {"client": None, "server": ("/run/socket", None)}),
    ("/tenants/a/items/7", {"root_path": ""}),
    ("/v1/items/7", {"root_path": "/v1"}),
    *((path, {}) for path in ("/nowhere", "/boom", "/half", "/stream", "/silent", "/static/a")),
)


async def test_a_request_has_current_names_only_whatever_comes_of_it(captured: Captured) -> None:
    app = captured.telemetry.wrap(shop())
    headers = [(b"user-agent", b"a"), (b"host", b"shop.test:8080")]
    for path, scope in REQUESTS:
        await ask(app, path, headers, **scope)
    keys = {key for span in captured.spans() for key in (span.attributes or {})}
    assert {"http.route", "error.type", "url.query", "user_agent.original"} <= keys
    assert {key for key in keys if not is_current(key)} == set()
    in_lines = {key for line in captured.logs() for key in line} - LINE_KEYS
    assert {key for key in in_lines if not is_current(key)} == set()
    assert all(span.events == () for span in captured.spans())


def check_all(spans: list[ReadableSpan]) -> None:
    keys = {key for span in spans for key in (span.attributes or {})}
    assert "db.system.name" in keys
    assert {key for key in keys if not is_current(key)} == set()


async def test_a_statement_has_current_names_only(postgres: PostgresServer) -> None:
    with ours.make() as stack, stack.postgres(postgres.url()) as pools:
        pool = await pools.pool()
        async with pool.acquire() as connection:
            for work in (_statement, _failure):
                await work(connection)
        await pool.close()
        check_all(stack.spans())


async def _statement(connection: Any) -> None:  # noqa: ANN401  # asyncpg ships no types
    await connection.fetch("SELECT relname FROM pg_class WHERE relname = $1", "a")
    await connection.executemany("SELECT $1::int", [(1,), (2,)])


async def _failure(connection: Any) -> None:  # noqa: ANN401  # asyncpg ships no types
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.fetch("SELECT 1 / 0")


async def test_a_command_has_current_names_only(cache_url: str) -> None:
    with ours.make() as stack, stack.redis(cache_url) as client:
        await client.set("a", "b")
        async with client.pipeline(transaction=False) as together:
            await together.get("a").get("b").execute()
        await client.aclose()
        check_all(stack.spans())


def test_the_resource_has_current_names_only(captured: Captured) -> None:
    named = captured.telemetry.tracing.provider.resource.attributes
    assert {"service.name", "service.instance.id", "deployment.environment.name"} <= set(named)
    assert {key for key in named if not is_current(key)} == set()
