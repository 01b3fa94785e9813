"""The service behind a real pgbouncer in transaction mode, with fewer servers than callers.

A statement may then run on any connection, each on another: whatever is kept on one is lost.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.parts.unprivileged import unprivileged
from compose.native.provision.debian import PGBOUNCER, obtain_package
from compose.native.tools import Tools
from tests.faults.checks import allowed, grant, revoke
from tests.faults.form import LONG
from tests.faults.web_process import WebProcess, web_process
from tests.servers import Server

SERVERS = 3
CALLERS = 24
ROUNDS = 200 if LONG else 25


class PgBouncer(Server):
    """A pooler before the run's PostgreSQL; it lends a connection for one transaction."""

    def __init__(self, folder: Path, binary: Path, database_url: str) -> None:
        super().__init__(folder)
        self._config = folder / "pgbouncer.ini"
        self.launch = unprivileged(binary, self._config)
        self._binary = binary
        database = urlsplit(database_url)
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": SERVERS,
            "max_client_conn": 200,
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        target = f"host=127.0.0.1 port={database.port} user=postgres"
        self._config.write_text("\n".join(["[databases]", f"* = {target}", "[pgbouncer]", *lines]))

    def command(self) -> list[str]:
        libraries = ":".join(map(str, self._binary.parents[1].glob("lib/*-linux-*")))
        with_libraries = ("env", f"LD_LIBRARY_PATH={libraries}")
        return [
            *(*self.launch.prefix, *self._guard, *with_libraries),
            *(str(self._binary), str(self._config)),
        ]

    def ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="module")
def pgbouncer_binary() -> Path:
    tools = Tools()
    try:
        with Guard() as guard:
            asyncio.run(obtain_package(PGBOUNCER, tools, guard, lambda _: None))
    except MissingPartError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return tools.find("pgbouncer").resolve()


@pytest.fixture
def bouncer(
    pgbouncer_binary: Path, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PgBouncer]:
    server = PgBouncer(tmp_path_factory.mktemp("pgbouncer"), pgbouncer_binary, database_url)
    yield server.start()
    server.stop()


@pytest.fixture
async def web(
    bouncer: PgBouncer, database_url: str, cache_url: str, tmp_path: Path
) -> AsyncIterator[WebProcess]:
    name = urlsplit(database_url).path
    settings = {
        "SIGHTLINE_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{bouncer.port}{name}",
        "SIGHTLINE_DATABASE_PGBOUNCER": "true",
        "SIGHTLINE_DATABASE_POOL_MAX": str(CALLERS),
        "SIGHTLINE_DATABASE_ACQUIRE_SECONDS": "20",
        "SIGHTLINE_DATABASE_COMMAND_SECONDS": "20",
        "SIGHTLINE_REDIS_URL": cache_url,
    }
    async with web_process(settings, tmp_path) as process:
        yield process


async def test_more_callers_than_connections_are_all_answered_right(web: WebProcess) -> None:
    async def caller(client: httpx.AsyncClient, number: int) -> None:
        for turn in range(ROUNDS):
            user = f"user-{number}-{turn}"
            await grant(client, user)
            assert await allowed(client, user, consistency="full")
            assert not await allowed(client, f"not-{user}", consistency="full")
            assert await allowed(client, user, record=True)
            await revoke(client, user)
            assert not await allowed(client, user, consistency="full")

    async with web.client() as client:
        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(caller(client, number))
        verified = (await client.get("/audit/verify")).json()
        report = await client.post("/reports", json={"recipient": "auditor@example.com"})
        listed = await client.get("/audit", params={"action": "decision", "limit": 1_000})
    assert verified["intact"] is True
    assert report.status_code == 202
    assert len(listed.json()["items"]) == min(1_000, CALLERS * ROUNDS)
    assert "request.failed" not in web.log


async def test_without_the_setting_it_does_not_start_and_says_why(
    bouncer: PgBouncer, database_url: str, cache_url: str, tmp_path: Path
) -> None:
    name = urlsplit(database_url).path
    settings = {
        "SIGHTLINE_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{bouncer.port}{name}",
        "SIGHTLINE_REDIS_URL": cache_url,
    }
    with pytest.raises(AssertionError, match="SIGHTLINE_DATABASE_PGBOUNCER"):
        async with web_process(settings, tmp_path):
            pass
