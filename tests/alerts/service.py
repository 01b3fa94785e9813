"""The service under the alerts: real web and worker processes, and the wires to what they need."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from aiosmtpd.smtp import SMTP

from compose.faults.switch import SWITCH_VARIABLE, Switch
from compose.faults.wire import Wire
from tests.alerts.live import Daemon
from tests.app.reports.conftest import Mailbox
from tests.conftest import API_KEY
from tests.servers import PostgresServer, ValkeyServer, free_port

EPOCH_CHANNEL = b'LISTEN "sightline_epoch"'
"""What marks the connection by which invalidations come."""

FROZEN_WORKERS = 3


class Process:
    """One web or worker process on ports that it keeps when it is started again."""

    def __init__(self, module: str, name: str, folder: Path, **settings: str) -> None:
        self.http_port, self.metrics_port = free_port(), free_port()
        path = f"{self.http_port}/readyz" if name == "web" else f"{self.metrics_port}/metrics"
        log = folder / f"{name}-{self.metrics_port}"
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "SIGHTLINE_HTTP_PORT": str(self.http_port),
            "SIGHTLINE_METRICS_PORT": str(self.metrics_port),
            "SIGHTLINE_API_KEYS": json.dumps(
                {"tests": hashlib.sha256(API_KEY.encode()).hexdigest()}
            ),
            "SIGHTLINE_TRACES_FILE": str(log.with_suffix(".traces")),
            "SIGHTLINE_PSEUDONYM_KEY": "a key that is only for these tests",
            "SIGHTLINE_DATABASE_POOL_MIN": "1",
            "SIGHTLINE_DATABASE_POOL_MAX": "4",
            "SIGHTLINE_DATABASE_ACQUIRE_SECONDS": "0.5",
            "SIGHTLINE_DATABASE_COMMAND_SECONDS": "30",
            "SIGHTLINE_LEASE_SECONDS": "3",
            "SIGHTLINE_POLL_SECONDS": "0.2",
            "SIGHTLINE_RETRY_SECONDS": "0.5",
            "SIGHTLINE_MAX_ATTEMPTS": "10",
            **settings,
        }
        self.daemon = Daemon(
            log.with_suffix(".log"),
            f"http://127.0.0.1:{path}",
            *(sys.executable, "-m", module, name),
            environment=environment,
        )

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.http_port}",
            headers={"Authorization": f"Bearer {API_KEY}"},
            limits=httpx.Limits(max_connections=None),
            timeout=30,
        )


@dataclass(frozen=True)
class Service:
    """`front` is left alone; `caches` has its wires and the switch, `stores` a server of its own.

    `worker` is never frozen, the `others` are.
    """

    database_url: str
    front: Process
    caches: Process
    stores: Process
    worker: Process
    others: tuple[Process, ...]
    switch: Switch
    redis: Wire
    epoch: Wire
    database: Wire
    mail: Wire
    mail_of_others: Wire
    server: PostgresServer
    server_url: str

    @property
    def jobs(self) -> dict[str, list[int]]:
        webs, workers = (self.front, self.caches, self.stores), (self.worker, *self.others)
        return {
            "sightline-web": [web.metrics_port for web in webs],
            "sightline-worker": [worker.metrics_port for worker in workers],
        }


@asynccontextmanager
async def console(url: str) -> AsyncIterator[Any]:
    """Connect to a database for the block, as somebody with a console does."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def serving(
    folder: Path, database_url: str, server: PostgresServer, server_url: str, valkey: ValkeyServer
) -> AsyncIterator[Service]:
    """Run all processes for the block."""
    mailbox = Mailbox()
    async with AsyncExitStack() as stack:
        smtp = await asyncio.get_running_loop().create_server(
            lambda: SMTP(mailbox, hostname="mail.test", enable_SMTPUTF8=False), "127.0.0.1", 0
        )
        stack.callback(smtp.close)
        smtp_port = smtp.sockets[0].getsockname()[1]
        wires = [
            await stack.enter_async_context(wire.laid())
            for wire in (
                Wire(valkey.port),
                Wire(_port(database_url), carries=EPOCH_CHANNEL),
                Wire(server.port),
                Wire(smtp_port),
                Wire(smtp_port),
            )
        ]
        redis, epoch, database, mail, mail_of_others = wires
        switch = Switch(folder / "switch")
        usual = {
            "SIGHTLINE_DATABASE_URL": database_url,
            "SIGHTLINE_REDIS_URL": valkey.url,
        }

        def worker(wire: Wire) -> Process:
            return Process("app", "worker", folder, **usual, SIGHTLINE_SMTP_PORT=str(wire.port))

        service = Service(
            database_url=database_url,
            front=Process("app", "web", folder, **usual),
            caches=Process(
                "compose.faults.switched",
                "web",
                folder,
                SIGHTLINE_DATABASE_URL=_through(database_url, epoch),
                SIGHTLINE_REDIS_URL=_through(valkey.url, redis),
                **{SWITCH_VARIABLE: str(switch.path)},
            ),
            stores=Process(
                "app",
                "web",
                folder,
                SIGHTLINE_DATABASE_URL=_through(server_url, database),
                SIGHTLINE_REDIS_URL=valkey.url,
            ),
            worker=worker(mail),
            others=tuple(worker(mail_of_others) for _ in range(FROZEN_WORKERS)),
            switch=switch,
            redis=redis,
            epoch=epoch,
            database=database,
            mail=mail,
            mail_of_others=mail_of_others,
            server=server,
            server_url=server_url,
        )
        every = (service.front, service.caches, service.stores, service.worker, *service.others)
        for process in every:
            stack.push_async_callback(process.daemon.stop)
        await asyncio.gather(*(process.daemon.start() for process in every))
        yield service


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _through(url: str, wire: Wire) -> str:
    return url.replace(f":{_port(url)}", f":{wire.port}", 1)
