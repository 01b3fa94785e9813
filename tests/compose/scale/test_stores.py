"""The files before the stores, by the programs themselves: pgbouncer, Sentinel, HAProxy."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from bench.load.rig import haproxy_command, obtain_haproxy
from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.parts.unprivileged import unprivileged
from compose.native.provision.debian import PGBOUNCER, obtain_package
from compose.native.tools import Tools, find
from compose.scale import rendering
from tests.faults.checks import allowed, grant
from tests.faults.web_process import web_process
from tests.servers import Server

PASSWORD = "password-for-tests"
_PATIENCE_SECONDS = 30.0


def answers(port: int, **given: str) -> bool:
    with closing(redis.Redis(port=port, **given)) as client:  # type: ignore[arg-type]  # its many
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def until(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Cache(Server):
    def __init__(self, folder: Path, *words: str) -> None:
        super().__init__(folder)
        self._words = words

    def command(self) -> list[str]:
        return [
            *(*self._guard, str(find("valkey")), "--port", str(self.port), "--save", ""),
            *("--requirepass", PASSWORD, "--masterauth", PASSWORD),
            *("--dir", str(self.folder), *self._words),
        ]

    def ready(self) -> bool:
        return answers(self.port, password=PASSWORD)


class Sentinel(Server):
    def __init__(self, folder: Path, cache: int) -> None:
        super().__init__(folder)
        self._config = folder / "sentinel.conf"
        text = (rendering.FOLDER / "sentinel.conf").read_text()
        changed = text.replace("port 26379", f"port {self.port}")
        self._config.write_text(changed.replace("cache-1 6379", f"127.0.0.1 {cache}"))

    def command(self) -> list[str]:
        return [*self._guard, str(find("valkey")), str(self._config), "--sentinel"]

    def ready(self) -> bool:
        return answers(self.port)


class Proxy(Server):
    def __init__(self, folder: Path, binary: Path, caches: list[int]) -> None:
        super().__init__(folder)
        self._binary = binary
        self._config = folder / "haproxy.cfg"
        source = (rendering.FOLDER / "haproxy.cfg").read_text()
        servers = {f"cache-{number + 1}": port for number, port in enumerate(caches)}
        binds = {"cache": self.port}
        self._config.write_text(rendering.haproxy(source, binds=binds, servers=servers))

    def command(self) -> list[str]:
        secret = f"SIGHTLINE_CACHE_PASSWORD={PASSWORD}"
        words = haproxy_command(self._binary, "-db", "-f", str(self._config))
        return [*self._guard, "env", secret, *words]

    def ready(self) -> bool:
        return answers(self.port, password=PASSWORD)


class Bouncer(Server):
    """The shipped pgbouncer.ini with this machine's addresses, a database and a user of its own."""

    def __init__(self, folder: Path, binary: Path, database_url: str) -> None:
        super().__init__(folder)
        database = urlsplit(database_url)
        users = folder / "userlist.txt"
        users.write_text(f'"postgres" "{PASSWORD}"\n')
        self._config = folder / "pgbouncer.ini"
        text = (rendering.FOLDER / "pgbouncer.ini").read_text()
        for was, now in {
            "host=postgres port=5432 dbname=sightline": (
                f"host=127.0.0.1 port={database.port} dbname={database.path[1:]}"
            ),
            "listen_addr = 0.0.0.0": "listen_addr = 127.0.0.1",
            "listen_port = 6432": f"listen_port = {self.port}",
            "/etc/pgbouncer/userlist.txt": str(users),
        }.items():
            assert was in text
            text = text.replace(was, now)
        self._config.write_text(text)
        self.launch = unprivileged(binary, self._config, users)
        self._binary = binary
        self.url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        libraries = ":".join(map(str, self._binary.parents[1].glob("lib/*-linux-*")))
        return [
            *(*self.launch.prefix, *self._guard, "env", f"LD_LIBRARY_PATH={libraries}"),
            *(str(self._binary), str(self._config)),
        ]

    def ready(self) -> bool:
        return b"process up" in (self.folder / "log").read_bytes()


def obtained(obtain: Callable[[Tools, Guard], None], name: str) -> Path:
    tools = Tools()
    try:
        with Guard() as guard:
            obtain(tools, guard)
    except MissingPartError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return tools.find(name).resolve()


@pytest.fixture
def caches(tmp_path: Path) -> Iterator[tuple[Cache, Cache]]:
    primary = Cache(tmp_path / "one").start()
    replica = Cache(tmp_path / "two", "--replicaof", f"127.0.0.1 {primary.port}").start()
    yield primary, replica
    for each in (primary, replica):
        each.stop()


def test_the_proxy_leads_to_the_primary_and_follows_it(
    caches: tuple[Cache, Cache], tmp_path: Path
) -> None:
    first, second = (redis.Redis(port=each.port, password=PASSWORD) for each in caches)
    binary = obtained(obtain_haproxy, "haproxy")
    proxy = Proxy(tmp_path / "proxy", binary, [each.port for each in caches]).start()
    try:
        with closing(first), closing(second):
            through = redis.Redis(port=proxy.port, password=PASSWORD)

            def leads_to(port: int) -> bool:
                try:
                    return bool(through.info("server")["tcp_port"] == port)
                except redis.RedisError:  # between the two, and until the first look at either
                    return False

            with closing(through):
                until(lambda: leads_to(caches[0].port))
                second.replicaof("NO", "ONE")
                first.replicaof("127.0.0.1", caches[1].port)
                until(lambda: leads_to(caches[1].port))
                assert through.set("a", "b")
    finally:
        proxy.stop()


def test_sentinel_takes_its_file_and_watches_the_primary(
    caches: tuple[Cache, Cache], tmp_path: Path
) -> None:
    sentinel = Sentinel(tmp_path / "sentinel", caches[0].port).start()
    try:
        with closing(redis.Redis(port=sentinel.port, decode_responses=True)) as client:
            ask: Callable[..., Any] = client.execute_command
            ask("SENTINEL", "SET", "sightline", "auth-pass", PASSWORD)
            found = ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "sightline")
            assert str(caches[0].port) in map(str, found)
            # It asks the primary with the password, and is told of the replica.
            until(lambda: len(ask("SENTINEL", "REPLICAS", "sightline")) == 1)
    finally:
        sentinel.stop()


async def test_the_service_works_behind_the_shipped_pgbouncer(
    database_url: str, cache_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def obtain(tools: Tools, guard: Guard) -> None:
        asyncio.run(obtain_package(PGBOUNCER, tools, guard, lambda _: None))

    binary = await asyncio.to_thread(obtained, obtain, "pgbouncer")
    bouncer = Bouncer(tmp_path_factory.mktemp("pgbouncer"), binary, database_url).start()
    settings = {
        "SIGHTLINE_DATABASE_URL": f"{bouncer.url}/sightline",
        "SIGHTLINE_DATABASE_PGBOUNCER": "true",
        "SIGHTLINE_REDIS_URL": cache_url,
    }
    try:
        async with web_process(settings, tmp_path) as web, web.client() as client:
            await grant(client, "user-1")
            assert await allowed(client, "user-1", consistency="full")
    finally:
        bouncer.stop()


def test_what_pgbouncer_opens_fits_into_what_postgresql_allows() -> None:
    text = (rendering.FOLDER / "pgbouncer.ini").read_text()
    settings = dict(line.split(" = ") for line in text.splitlines() if line.count(" = ") == 1)
    opened = int(settings["default_pool_size"]) + int(settings["reserve_pool_size"])
    assert opened < 50 / 2
    assert settings["pool_mode"] == "transaction"
