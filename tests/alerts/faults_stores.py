"""Faults of what a web process stands on: Redis, the invalidations, PostgreSQL, its own loop."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from alerts import naming
from app.objectives import API_AVAILABILITY, CHECK_LATENCY
from compose.faults.switch import Order
from tests.alerts.acts import Run, subjects
from tests.alerts.service import Process, console
from tests.faults.checks import ask
from tests.faults.test_pool_exhausted import lock_everything

_NUMBERS = itertools.count()
_SLOW_SECONDS = 0.15
_LEAKED_A_SECOND, _AHEAD_SECONDS = 40 * 2**20, 60.0
_SOMEWHAT, _LONG = 0.3, 3.0
"""Seconds for which the event loop is held, again and again."""


@asynccontextmanager
async def asked(process: Process, callers: int) -> AsyncIterator[None]:
    """Have new questions asked, which no cache has the answer to, while the block lasts."""

    async def caller(client: httpx.AsyncClient) -> None:
        while True:
            try:
                await ask(client, f"new-{next(_NUMBERS)}")
            except httpx.HTTPError:
                await asyncio.sleep(0.5)
            await asyncio.sleep(0.25)

    async with process.client() as client:
        tasks = [asyncio.create_task(caller(client)) for _ in range(callers)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def caches_and_loop(run: Run) -> None:
    """One process: no Redis; no invalidations; its loop is held; it leaks; it is killed."""
    service = run.service

    async def order(**wrong: float) -> None:
        await asyncio.to_thread(service.switch.set, Order(**wrong))  # type: ignore[arg-type]  # seconds

    async with asked(service.caches, 2):
        await run.until(f'up{{instance="127.0.0.1:{service.caches.metrics_port}"}} == 1')
        await run.prove(
            [naming.CACHE_BREAKER_OPEN], _now(service.redis.hold), _now(service.redis.release)
        )
        await run.prove(
            [naming.CACHE_BYPASSED], _now(service.epoch.hold), _now(service.epoch.release)
        )
    hung, slow = subjects(naming.LOOP_BLOCKED)

    async def hold() -> None:
        await order(block_seconds=_SOMEWHAT)
        await run.told(slow)
        await order(block_seconds=_LONG)

    async def let_go() -> None:
        await order()

    await run.prove([hung, slow], hold, let_go)

    async def leak_and_run_ahead() -> None:
        await order(leak_bytes=_LEAKED_A_SECOND, clock_seconds=_AHEAD_SECONDS)

    await run.prove([naming.MEMORY_GROWING, naming.CLOCK_SKEWED], leak_and_run_ahead, let_go)

    async def kill() -> None:
        await service.caches.daemon.stop(signal.SIGKILL)
        service.switch.path.unlink()  # it could not do so itself

    down = f"{naming.TARGET_DOWN} sightline-web"
    await run.prove([down], kill, service.caches.daemon.start)


async def stores(run: Run) -> None:
    """One process: its tables are locked; PostgreSQL is slow; PostgreSQL is stopped."""
    service = run.service

    async def stop() -> None:
        await asyncio.to_thread(service.server.stop, signal.SIGQUIT)

    async def start() -> None:
        await asyncio.to_thread(service.server.start)

    latency, availability = (
        subjects(naming.burn_alert(objective)) for objective in (CHECK_LATENCY, API_AVAILABILITY)
    )
    async with asked(service.stores, 12):
        await run.until(f'up{{instance="127.0.0.1:{service.stores.metrics_port}"}} == 1')
        await asyncio.sleep(2)  # some seconds of well-being, for the rates
        async with console(service.server_url) as holder:
            transaction = holder.transaction()

            async def lock() -> None:
                await transaction.start()
                await lock_everything(holder)

            await run.prove([naming.POOL_SATURATED], lock, transaction.rollback)
        service.database.delay(_SLOW_SECONDS)
        await run.told(latency[0])
        await run.looked_into(naming.burn_alert(CHECK_LATENCY))
        await run.fires(*latency)  # the slower windows too, whoever silences them now
        await asyncio.sleep(4)  # so that their short ones are full of it
        service.database.release()
        await stop()
        await run.told(naming.DATABASE_UNAVAILABLE, availability[0])
        await run.looked_into(naming.DATABASE_UNAVAILABLE, naming.burn_alert(API_AVAILABILITY))
        await run.fires(*availability)
        await start()
        await run.told(naming.DATABASE_UNAVAILABLE, status="resolved")
    # The callers go: what a busy machine answers late from now on is nobody's fault.
    await run.told(*latency, *availability)
    await run.told(*latency, *availability, status="resolved")


def _now(act: Any) -> Any:  # noqa: ANN401  # any act without arguments
    async def acting() -> None:
        act()

    return acting
