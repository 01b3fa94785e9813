"""What tests share: one real PostgreSQL and one real Valkey a run, a fresh database a test."""

import asyncio
import hashlib
import itertools
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import hypothesis
import pytest
import redis

from app import signals
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.settings import Settings, read_settings
from telemetry.testing import Captured, captured_telemetry
from tests.servers import PostgresServer, ValkeyServer, create_database

API_KEY = "a key for tests"

_TEMPLATE = "migrated"
_NUMBERS = itertools.count()

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline would assert a duration, on a machine that others use as well.
hypothesis.settings.register_profile("sightline", deadline=None)
hypothesis.settings.load_profile("sightline")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The run's database server; do not stop it. Its template database is migrated."""
    server = PostgresServer(tmp_path_factory.mktemp("postgres")).start()
    try:
        asyncio.run(create_database(server, _TEMPLATE))
        asyncio.run(migrate(server.url(_TEMPLATE)))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The run's cache server; do not stop it."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey")).start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def database_url(postgres: PostgresServer) -> str:
    """A migrated, empty database of the test's own."""
    name = f"test_{next(_NUMBERS)}"
    await create_database(postgres, name, _TEMPLATE)
    return postgres.url(name)


@pytest.fixture
def cache_url(valkey: ValkeyServer) -> str:
    """An empty cache."""
    with redis.Redis.from_url(valkey.url) as cache:
        cache.flushall()
    return valkey.url


@pytest.fixture
def settings(database_url: str, cache_url: str) -> Settings:
    """Settings for the test's own database and an empty cache."""
    return read_settings(
        database_url=database_url,
        redis_url=cache_url,
        redis_command_seconds=2,  # the machine may be busy with other tests
        metrics_port=0,
        api_keys={"tests": hashlib.sha256(API_KEY.encode()).hexdigest()},
    )


@pytest.fixture
def captured() -> Iterator[Captured]:
    """Telemetry whose spans, lines and metrics the test can look at."""
    with captured_telemetry(service_name="sightline-test", attributes=signals.ATTRIBUTES) as kept:
        yield kept


@pytest.fixture
async def pool(settings: Settings, captured: Captured) -> AsyncIterator[DatabasePool]:
    """The service's pool, open on the test's database."""
    opened = await DatabasePool.open(settings, captured.telemetry)
    yield opened
    await opened.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]:
    """`await eventually(probe)`: the first true answer of an async probe, asked for 20 s."""

    async def wait_for(probe: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401  # the probe's
        async with asyncio.timeout(20):
            while not (answer := await probe()):  # noqa: ASYNC110  # another process has no Event
                await asyncio.sleep(0.05)
        return answer

    return wait_for
