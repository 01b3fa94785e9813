"""TLS to PostgreSQL, Redis and the collector, each certificate checked."""

import asyncio
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.authorization.store import RedisStore, StoreUnavailableError
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.errors import StartupError, Unavailable
from app.settings import Settings, read_settings
from telemetry.testing import Captured
from tests.app.http.test_permissions import ALICE
from tests.faults.web_process import web_process
from tests.servers import PostgresServer, ValkeyServer
from tests.telemetry.faulty_collector import collector, healthy
from tests.tls import Door, Pair, make_pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path / "own")


@pytest.fixture
def other(tmp_path: Path) -> Pair:
    return make_pair(tmp_path / "other")


def url_through(url: str, port: int, query: str) -> str:
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}127.0.0.1:{port}{parts.path}?{query}"


async def test_the_pool_and_the_migration_check_postgresqls_certificate(
    pair: Pair, other: Pair, settings: Settings, captured: Captured, postgres: PostgresServer
) -> None:
    url = settings.database_url.get_secret_value()
    door = Door(pair, postgres.port, is_postgresql=True)

    def pool_through(port: int, trusted: Pair) -> DatabasePool:
        query = f"sslmode=verify-full&sslrootcert={trusted.certificate}"
        return DatabasePool(
            read_settings(database_url=url_through(url, port, query)), captured.telemetry
        )

    async with door.open() as port:
        pool = pool_through(port, pair)
        await pool.start()
        await pool.ping()
        await pool.close()
        assert door.entered > 0
        strict = f"sslmode=verify-full&sslrootcert={pair.certificate}"
        assert await migrate(url_through(url, port, strict))
        with pytest.raises(Unavailable):
            await pool_through(port, other).start()
    # A server that does not speak TLS is not spoken to.
    with pytest.raises(Unavailable):
        await pool_through(postgres.port, pair).start()
    with pytest.raises(StartupError):
        await migrate(url_through(url, postgres.port, strict))


async def test_the_cache_checks_rediss_certificate(
    pair: Pair, other: Pair, cache_url: str, captured: Captured, valkey: ValkeyServer
) -> None:
    door = Door(pair, valkey.port, is_postgresql=False)
    secure = cache_url.replace("redis://", "rediss://")
    async with door.open() as port:
        for trusted, is_right in ((pair, True), (other, False)):
            url = url_through(secure, port, f"ssl_ca_certs={trusted.certificate}")
            store = RedisStore.open(url, captured.telemetry, command_seconds=5)
            if is_right:
                await store.set(b"key", b"value", 10_000)
                assert await store.get(b"key") == b"value"
            else:
                with pytest.raises(StoreUnavailableError):
                    await store.get(b"key")
            await store.close()
    assert door.entered == 1


async def test_the_whole_service_runs_over_tls(  # noqa: PLR0913, PLR0917  # the servers
    pair: Pair,
    database_url: str,
    cache_url: str,
    tmp_path: Path,
    postgres: PostgresServer,
    valkey: ValkeyServer,
) -> None:
    database = Door(pair, postgres.port, is_postgresql=True)
    cache = Door(pair, valkey.port, is_postgresql=False)
    with collector(healthy) as collecting:
        traces = Door(pair, urlsplit(collecting.endpoint).port or 0, is_postgresql=False)
        async with database.open() as first, cache.open() as second, traces.open() as third:
            strict = f"sslmode=verify-full&sslrootcert={pair.certificate}"
            environment = {
                "SIGHTLINE_DATABASE_URL": url_through(database_url, first, strict),
                "SIGHTLINE_REDIS_URL": f"rediss://127.0.0.1:{second}/0",
                "SIGHTLINE_REDIS_COMMAND_SECONDS": "2",
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{third}",
                "SSL_CERT_FILE": str(pair.certificate),  # for what has no setting of its own
                "SIGHTLINE_TLS_CERTIFICATE": str(pair.certificate),
                "SIGHTLINE_TLS_KEY": str(pair.key),
                "SIGHTLINE_TRACES_FILE": "",
            }
            trusting = ssl.create_default_context(cafile=pair.certificate)
            async with (
                web_process(environment, tmp_path, verify=trusting) as web,
                web.client() as client,
            ):
                answer = await client.post("/permissions/check", json=ALICE)
                assert answer.json() == {"allowed": False, "source": "database"}
                assert (await client.get("/readyz")).json()["status"] == "ready"
            async with asyncio.timeout(20):
                while "POST /permissions/check" not in collecting.spans:  # noqa: ASYNC110  # another thread's
                    await asyncio.sleep(0.05)
    assert "SET 127.0.0.1" in " ".join(collecting.spans)
    assert min(database.entered, cache.entered, traces.entered) > 0
