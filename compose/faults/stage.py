"""What faults work with: a running platform whose parts are joined by wires, and hands to break it.

    async with staged(Platform options) as stage:
        await fault.inject(stage)

All that a fault holds open (a transaction, a flood of requests) it gives to the stage, which lets
it go at `let_go` or at its own end.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import httpx

from app.database.pool import Connection
from compose.faults.switch import SWITCH_VARIABLE, Switch
from compose.faults.traffic import Traffic
from compose.faults.wire import Wire
from compose.native.run import Platform, PlatformOptions

_T = TypeVar("_T")

EPOCH_CHANNEL: Final = b'LISTEN "sightline_epoch"'
"""What marks the connection by which invalidations come."""

SERVICE_ENVIRONMENT: Final = {
    # Leases and tries do not shrink with the alerts' windows: they are set to fit into a drill.
    "SIGHTLINE_LEASE_SECONDS": "3",
    "SIGHTLINE_RETRY_SECONDS": "0.5",
    "SIGHTLINE_MAX_ATTEMPTS": "4",
    # The wires are the drill's own, which has more to do: 20 ms would find that instead of Redis.
    "SIGHTLINE_REDIS_COMMAND_SECONDS": "0.1",
}


@dataclass(frozen=True, slots=True)
class Wires:
    """Between the service and what it needs, and between Prometheus and the web process."""

    database: Wire
    cache: Wire
    mail: Wire
    collector: Wire
    scrape: Wire


@dataclass
class Stage:
    """The platform under a drill."""

    platform: Platform
    wires: Wires
    switch: Switch
    traffic: Traffic
    prepared: list[str] = field(default_factory=list)
    """What a fault's preparation leaves to its injection."""
    _held: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def with_connection(self, act: Callable[[Connection], Awaitable[_T]]) -> _T:
        """Do something with a connection of the database's owner, past the wire."""
        connection = await asyncpg.connect(self.platform.owner_url)
        try:
            return await act(connection)
        finally:
            await connection.close()

    async def sql(self, *statements: str) -> None:
        """Run statements as the database's owner, past the wire."""

        async def run(connection: Connection) -> None:
            for statement in statements:
                await connection.execute(statement)

        await self.with_connection(run)

    async def rows(self, query: str) -> list[Any]:
        """Return what a query finds, asked as `sql` does."""
        return list(await self.with_connection(lambda connection: connection.fetch(query)))

    async def hold_open(self, *statements: str) -> None:
        """Begin a transaction of the owner's with the statements, and keep it open."""
        connection = await asyncpg.connect(self.platform.owner_url)
        self._held.push_async_callback(connection.close)
        await connection.execute("BEGIN")
        for statement in statements:
            await connection.execute(statement)

    async def keep_doing(self, act: Callable[[], Awaitable[object]], *, pause: float) -> None:
        """Do something again and again, whatever it raises, until all is let go."""

        async def again() -> None:
            while True:
                await asyncio.gather(act(), return_exceptions=True)
                await asyncio.sleep(pause)

        task = asyncio.create_task(again())

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._held.push_async_callback(end)

    async def let_go(self) -> None:
        """End all that is held open or done again and again."""
        await self._held.aclose()

    def client(self, **headers: str) -> httpx.AsyncClient:
        """Return a client of the service with the run's key, unless the headers say otherwise."""
        usual = {"Authorization": f"Bearer {self.platform.api_key}"}
        return httpx.AsyncClient(
            base_url=self.platform.urls["web"],
            headers=usual | headers,
            timeout=10.0,
            trust_env=False,
        )

    async def replay_dead_reports(self) -> None:
        """Do what the runbook says when the cause is mended: have each dead report tried anew."""
        async with self.client() as client:
            answer = await client.get("/reports", params={"status": "dead", "limit": 100})
            for report in answer.raise_for_status().json()["items"]:
                await client.post(f"/reports/{report['task_id']}/replay")

    def signal(self, part: str, number: signal.Signals) -> None:
        """Send a signal to a part."""
        os.kill(self.platform.pid(part), number)


@asynccontextmanager
async def staged(options: PlatformOptions, *, rate: float) -> AsyncIterator[Stage]:
    """Run a platform with its wires and its traffic for the block; a part that ended is no error.

    The traffic begins with the block; `rate` is in requests a second.
    """
    ports = options.ports
    folder = Path(tempfile.mkdtemp(prefix="drill-"))  # short: a socket's path has its bound
    switch = Switch(folder / "switch")
    wires = Wires(
        database=Wire(ports.postgres, carries=EPOCH_CHANNEL),
        cache=Wire(ports.valkey),
        mail=Wire(ports.smtp),
        collector=Wire(ports.otlp_http),
        scrape=Wire(ports.web_metrics),
    )
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for wire in (wires.database, wires.cache, wires.mail, wires.collector, wires.scrape):
            await stack.enter_async_context(wire.laid())
        platform = await stack.enter_async_context(
            Platform(
                replace(
                    options,
                    web_module="compose.faults.switched",
                    service_environment={
                        **SERVICE_ENVIRONMENT,
                        SWITCH_VARIABLE: str(switch.path),
                        **options.service_environment,
                    },
                    detours={
                        "postgres": wires.database.port,
                        "valkey": wires.cache.port,
                        "smtp": wires.mail.port,
                        "otlp_http": wires.collector.port,
                        "web_metrics": wires.scrape.port,
                    },
                )
            )
        )
        traffic = Traffic(platform.urls["web"], platform.api_key, rate=rate)
        stage = Stage(platform, wires, switch, traffic)
        stack.push_async_callback(stage.let_go)
        stack.enter_context(traffic)
        yield stage
