"""The wire that carries the epoch is cut: no cache is believed after 2 s, and an alert says so."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from alerts import naming
from compose.faults.wire import Wire
from tests.alerts.live import Platform, wait_for
from tests.faults.checks import ACTION, RESOURCE, allowed, ask, grant
from tests.faults.web_process import WebProcess, web_process

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]

PROMISED_SECONDS = 2.0
AGE = "authorization_epoch_age_seconds"
BYPASSED = (
    'authorization_cache_lookups_total{authorization_cache_layer="l1",'
    'authorization_cache_result="bypass"}'
)


@pytest.fixture
async def bus(database_url: str) -> AsyncIterator[Wire]:
    """Carries all that the process says to PostgreSQL; only the listener's line can be held."""
    port = urlsplit(database_url).port
    assert port is not None
    async with Wire(port, carries=b'LISTEN "sightline_epoch"').laid() as wire:
        yield wire


@pytest.fixture
async def web(
    database_url: str, cache_url: str, bus: Wire, tmp_path: Path
) -> AsyncIterator[WebProcess]:
    port = str(urlsplit(database_url).port)
    settings = {
        "SIGHTLINE_DATABASE_URL": database_url.replace(port, str(bus.port), 1),
        "SIGHTLINE_REDIS_URL": cache_url,
    }
    async with web_process(settings, tmp_path) as process:
        yield process


async def revoke_elsewhere(database_url: str, user: str) -> None:
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.execute(
            "DELETE FROM grants WHERE user_id = $1 AND resource = $2 AND action = $3",
            *(user, RESOURCE, ACTION),
        )
        await connection.execute(
            "UPDATE grant_epoch SET number = number + 1, mark = gen_random_uuid()"
        )
    await connection.close()


async def test_nothing_is_believed_for_longer_than_promised(
    web: WebProcess, bus: Wire, database_url: str, eventually: Eventually
) -> None:
    async with web.client() as client:
        await grant(client, "alice")
        for _ in range(3):
            assert await allowed(client, "alice")
        bus.hold()
        await revoke_elsewhere(database_url, "alice")
        cut = time.monotonic()
        last = 0.0
        while (sent := time.monotonic()) - cut < PROMISED_SECONDS + 1.5:
            if await allowed(client, "alice"):
                last = sent - cut
            await asyncio.sleep(0.005)
        assert last <= PROMISED_SECONDS
        assert await web.metric(BYPASSED) > 0
        assert [(await ask(client, "alice")).json()["source"] for _ in range(3)] == ["database"] * 3

        async def is_reported() -> bool:
            return '"epoch.unconfirmed"' in web.log

        await eventually(is_reported)
        bus.release()

        async def is_cached() -> bool:
            return bool((await ask(client, "alice")).json()["source"] == "l1")

        await eventually(is_cached)
        assert not await allowed(client, "alice")
        assert await web.metric(AGE) < PROMISED_SECONDS
        await eventually(lambda: _logged(web, "epoch.confirmed"))
    print(f"\nbus cut: last cached answer after {last * 1000:.0f} ms (promised 2000)")  # noqa: T201  # the promise's figure


async def _logged(web: WebProcess, event: str) -> bool:
    return f'"{event}"' in web.log


class Scraped:
    """The process as `Platform` takes it; it is started and kept busy elsewhere."""

    def __init__(self, web: WebProcess) -> None:
        self.port = web._metrics_port

    def break_down(self) -> None:
        raise NotImplementedError

    def repair(self) -> None:
        raise NotImplementedError

    @contextmanager
    def traffic(self) -> Iterator[None]:
        yield

    @contextmanager
    def scraped(self) -> Iterator[None]:
        yield


@pytest.mark.platform
async def test_an_alert_tells_and_takes_it_back(web: WebProcess, bus: Wire, tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    folder.mkdir()
    platform = Platform(folder, Scraped(web))

    def await_mail(status: str) -> None:
        start = f"[{status}] {naming.CACHE_BYPASSED}: "
        wait_for(f"a mail {start}", lambda: platform.mailbox.with_subject(start))

    running = platform.running()
    await asyncio.to_thread(running.__enter__)
    try:
        scraped = 'up{job="sightline-web"} == 1'
        await asyncio.to_thread(wait_for, "a scrape", lambda: _quietly(platform, scraped))
        assert not platform.mailbox.with_subject(f"[FIRING] {naming.CACHE_BYPASSED}")
        bus.hold()
        cut = time.monotonic()
        await asyncio.to_thread(await_mail, "FIRING")
        print(f"\nbus cut: mail after {time.monotonic() - cut:.1f} s at scale 60")  # noqa: T201  # for the record
        bus.release()
        await asyncio.to_thread(await_mail, "RESOLVED")
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


def _quietly(platform: Platform, query: str) -> float | None:
    try:
        return platform.value(query)
    except httpx.TransportError:
        return None
