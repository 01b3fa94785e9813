"""Real servers for tests: PostgreSQL and Valkey from the wheels, each on a free port."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import asyncpg
import psutil

from compose.native.parts.unprivileged import Launch, unprivileged
from compose.native.tools import find

_PATIENCE_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One server process; `start` may follow `stop`, on the same port."""

    # Both end at once and cleanly on SIGINT; setpriv sends it should the test run be killed.
    _guard = ("setpriv", "--pdeathsig", "INT", "--")

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.launch = Launch()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError

    def start(self) -> Self:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # ours
                self.command(), stdout=log, stderr=log, user=self.launch.user
            )
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self.ready():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop(signal.SIGKILL)
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.02)
        return self

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(with_signal)
            self._process.wait(timeout=_PATIENCE_SECONDS)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Hold the server and its children: its port stays open, and nothing answers."""
        assert self._process is not None
        parent = psutil.Process(self._process.pid)
        held = [parent, *parent.children(recursive=True)]
        for process in held:
            process.suspend()
        try:
            yield
        finally:
            for process in held:
                process.resume()


class PostgresServer(Server):
    """A cluster of its own, in which the superuser `postgres` is trusted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._binary = find("postgres").resolve()
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        self.launch = unprivileged(self._binary, self._data)
        subprocess.run(  # noqa: S603  # ours
            [
                *(*self.launch.prefix, str(self._binary.with_name("initdb"))),
                *("-D", str(self._data), "-U", "postgres", "--auth=trust", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            user=self.launch.user,
        )

    def command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "16MB",
            "max_connections": "60",
        }
        return [
            *(*self.launch.prefix, *self._guard, str(self._binary)),
            *("-D", str(self._data), "-p", str(self.port)),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ]

    def ready(self) -> bool:
        program = str(self._binary.with_name("pg_isready"))
        probe = [program, "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(probe, check=False).returncode == 0  # noqa: S603  # ours

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


async def create_database(server: PostgresServer, name: str, template: str = "template1") -> None:
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await connection.close()


class ValkeyServer(Server):
    """A cache that keeps nothing on disk."""

    def command(self) -> list[str]:
        return [
            *(*self._guard, str(find("valkey")), "--port", str(self.port)),
            *("--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
            *("--dir", str(self.folder)),
        ]

    def ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"
