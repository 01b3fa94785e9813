"""A thousand misses on one key at once: the database is asked once a replica.

The ledger is PostgreSQL's own log of the statements that it ran for this database.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.bootstrap import Service, build
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.conftest import AUTHORIZED, client_of
from tests.conftest import API_KEY
from tests.faults.checks import allowed, ask, question
from tests.faults.web_process import WebProcess, web_process
from tests.servers import PostgresServer

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
Connection = Any

CROWD = 1_000
REPLICAS = 2
PATIENCE_SECONDS = 120.0
COALESCED = (
    'authorization_cache_lookups_total{authorization_cache_layer="l1",'
    'authorization_cache_result="coalesced"}'
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    """A connection to the test's database, whose statements are logged from now on."""
    connection = await asyncpg.connect(database_url)
    name = urlsplit(database_url).path.removeprefix("/")
    await connection.execute(f"ALTER DATABASE \"{name}\" SET log_statement TO 'all'")
    yield connection
    await connection.close()


def decisions_on(postgres: PostgresServer, user: str) -> int:
    """How often PostgreSQL was asked about a user: each execution logs its parameters."""
    lines = (postgres.folder / "log").read_text(errors="replace").splitlines()
    return sum("parameters:" in line.lower() and f"'{user}'" in line for line in lines)


async def joined(webs: list[WebProcess]) -> float:
    return sum([await web.metric(COALESCED) for web in webs])


async def plainly_asked(port: int, user: str) -> tuple[bytes, Any]:
    """Ask over a connection of its own; a thousand of a real client's are slow to make."""
    body = json.dumps(question(user)).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST /permissions/check HTTP/1.1\r\nHost: x\r\nX-API-Key: {API_KEY}\r\n"
        "Connection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    answer = await reader.read()
    writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0], json.loads(content)


async def held_up(database: Connection) -> int:
    """How many statements wait for the table that the test has locked."""
    waiting: int = await database.fetchval(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'grants'::regclass"
    )
    return waiting


async def replicas(
    stack: AsyncExitStack, database_url: str, cache_url: str, folder: Path
) -> list[WebProcess]:
    settings = {
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_DATABASE_COMMAND_SECONDS": "60",
        "SIGHTLINE_HTTP_CONNECTIONS_MAX": "5000",
        "SIGHTLINE_STOP_SECONDS": "20",
    }
    return list(
        await asyncio.gather(
            *(stack.enter_async_context(web_process(settings, folder)) for _ in range(REPLICAS))
        )
    )


async def test_the_database_is_asked_once_a_replica_though_the_first_leaves(  # noqa: PLR0913, PLR0917  # fixtures
    database: Connection,
    postgres: PostgresServer,
    database_url: str,
    cache_url: str,
    tmp_path: Path,
    eventually: Eventually,
) -> None:
    async with AsyncExitStack() as stack:
        webs = await replicas(stack, database_url, cache_url, tmp_path)
        clients = [await stack.enter_async_context(web.client(60.0)) for web in webs]
        transaction = database.transaction()
        await transaction.start()
        await database.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
        leaders = [asyncio.create_task(allowed(client, "crowd")) for client in clients]

        async def all_lead() -> bool:
            return await held_up(database) >= REPLICAS

        await eventually(all_lead)
        asking = [
            asyncio.create_task(plainly_asked(web.port, "crowd"))
            for web in webs
            for _ in range(CROWD - 1)
        ]
        for leader in leaders:
            leader.cancel()  # its connection closes
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await joined(webs) < (CROWD - 1) * REPLICAS:  # noqa: ASYNC110  # another process has no Event
                await asyncio.sleep(0.1)
        await transaction.rollback()
        answers = await asyncio.gather(*asking)
    assert {head for head, _ in answers} == {b"HTTP/1.1 200 OK"}
    assert {body["allowed"] for _, body in answers} == {False}
    asked = decisions_on(postgres, "crowd")
    print(f"\n{REPLICAS * CROWD} misses at once on {REPLICAS} replicas: {asked} queries")  # noqa: T201  # the promise's figure
    assert asked == REPLICAS


@pytest.fixture
async def service(
    database: Connection, settings: Settings, captured: Captured
) -> AsyncIterator[Service]:
    patient = settings.model_copy(update={"database_command_seconds": 60.0})
    built = build(patient, captured.telemetry)
    async with built.running():
        yield built


async def test_cancelling_the_handler_of_the_first_caller_makes_no_second_query(
    service: Service,
    database: Connection,
    postgres: PostgresServer,
    captured: Captured,
    eventually: Eventually,
) -> None:
    """What a server does that cancels the work for a client that has gone."""
    async with client_of(service, **AUTHORIZED) as client:
        transaction = database.transaction()
        await transaction.start()
        await database.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
        leader = asyncio.create_task(ask(client, "cancelled"))

        async def leads() -> bool:
            return await held_up(database) == 1

        await eventually(leads)
        asking = [asyncio.create_task(ask(client, "cancelled")) for _ in range(CROWD)]
        await asyncio.sleep(0.1)
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        late = asyncio.create_task(ask(client, "cancelled"))
        await asyncio.sleep(0.1)
        await transaction.rollback()
        answers = await asyncio.gather(*asking, late)
    assert {answer.status_code for answer in answers} == {200}
    assert decisions_on(postgres, "cancelled") == 1
    assert "request.failed" not in captured.events()
