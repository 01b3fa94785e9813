"""What a process believes of the epoch, and that it stops believing in time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from app import signals
from app.authorization.epoch import TRUSTED_SECONDS, Epoch, EpochWatcher
from app.authorization.model import AccessQuery, EpochId
from app.authorization.register import GrantRegister
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.metrics import Meter
from telemetry.testing import Captured
from tests.app.authorization.conftest import ALICE, Clock, some_epoch
from tests.servers import PostgresServer


def another_meter() -> Meter:
    """The meter of another process."""
    return Meter(CollectorRegistry())


Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


def test_nothing_is_known_before_the_first_confirmation(captured: Captured) -> None:
    assert Epoch(captured.telemetry.meter).current() is None


def test_trust_runs_out_and_the_gauge_shows_it(
    epoch: Epoch, clock: Clock, captured: Captured
) -> None:
    clock.now += TRUSTED_SECONDS
    assert epoch.current() is not None
    clock.now += 0.1
    assert epoch.current() is None
    assert captured.sample(signals.EPOCH_AGE) == pytest.approx(TRUSTED_SECONDS + 0.1)


def test_trust_counts_from_before_the_reading(epoch: Epoch, clock: Clock) -> None:
    confirm = epoch.confirmation()
    clock.now += TRUSTED_SECONDS + 0.1
    confirm(some_epoch(5))
    assert epoch.current() is None


def test_a_reading_that_our_own_change_overtook_does_not_undo_it(epoch: Epoch) -> None:
    ours = some_epoch(7)
    confirm = epoch.confirmation()
    epoch.move(ours)
    confirm(some_epoch(6))
    assert epoch.current() == ours


def test_a_restored_backup_takes_the_epoch_back(epoch: Epoch) -> None:
    restored = some_epoch(0)
    epoch.move(some_epoch(9))
    epoch.confirmation()(restored)
    assert epoch.current() == restored


async def test_the_watcher_sees_another_replicas_change(
    pool: DatabasePool, captured: Captured, eventually: Eventually
) -> None:
    meter = captured.telemetry.meter
    ours, theirs = Epoch(meter), Epoch(meter)
    async with EpochWatcher(pool, ours).running():
        before = ours.current()
        await GrantRegister(pool, theirs, meter).grant(ALICE, "another replica")

        async def moved() -> bool:
            return ours.current() not in {None, before}

        await eventually(moved)
    assert not {"SELECT grant_epoch", "SELECT"} & set(captured.span_names())


def moves(captured: Captured, news: str) -> float:
    return captured.sample(signals.EPOCH_MOVES, {"authorization.epoch.news": news})


async def test_a_change_is_pushed_and_again_after_the_connection_was_lost(
    pool: DatabasePool,
    captured: Captured,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meter = captured.telemetry.meter
    ours = Epoch(meter)
    theirs = Epoch(another_meter())
    watcher = EpochWatcher(pool, ours)
    monkeypatch.setattr("app.authorization.epoch.POLL_SECONDS", 3_600.0)
    async with watcher.running():
        for number in range(1, 3):
            listening = watcher._connection
            written = await GrantRegister(pool, theirs, another_meter()).grant(
                AccessQuery(f"user-{number}", "ledger", "read"), "another replica"
            )

            async def is_known(of: EpochId = written.epoch) -> bool:
                return ours.current() == of

            await eventually(is_known)
            assert moves(captured, "pushed") == number
            listening.terminate()
            watcher._was_told()  # the next occasion to notice

            async def listens_again(old: object = listening) -> bool:
                return watcher._connection not in {None, old}

            await eventually(listens_again)
    assert moves(captured, "polled") == 0


async def test_a_change_that_nobody_told_of_is_polled(
    pool: DatabasePool, captured: Captured, eventually: Eventually
) -> None:
    ours = Epoch(captured.telemetry.meter)
    async with EpochWatcher(pool, ours).running():
        before = ours.current()
        async with pool.acquire() as connection:
            await connection.execute(
                "UPDATE grant_epoch SET number = number + 1, mark = gen_random_uuid()"
            )

        async def is_known() -> bool:
            return ours.current() not in {None, before}

        await eventually(is_known)
    assert (moves(captured, "pushed"), moves(captured, "polled")) == (0, 1)


async def test_a_change_of_ours_is_known_before_anybody_tells(
    register: GrantRegister, epoch: Epoch, captured: Captured
) -> None:
    written = await register.grant(ALICE, "tests")
    assert epoch.current() == written.epoch
    assert moves(captured, "own") == 1


async def test_the_watcher_needs_nothing_of_the_pool(
    pool: DatabasePool, settings: Settings, captured: Captured, eventually: Eventually
) -> None:
    epoch = Epoch(captured.telemetry.meter)
    async with EpochWatcher(pool, epoch).running():
        held = [pool.acquire() for _ in range(settings.database_pool_max)]
        for one in held:
            await one.__aenter__()
        confirmed = epoch._confirmed

        async def confirmed_again() -> bool:
            return epoch._confirmed > confirmed

        await eventually(confirmed_again)
        for one in held:
            await one.__aexit__(None, None, None)


async def test_the_watcher_outlives_the_database(
    settings: Settings, captured: Captured, eventually: Eventually, tmp_path: Path
) -> None:
    own = PostgresServer(tmp_path).start()
    await migrate(own.url())
    url = type(settings.database_url)(own.url())
    pool = await DatabasePool.open(
        settings.model_copy(update={"database_url": url}), captured.telemetry
    )
    epoch = Epoch(captured.telemetry.meter)
    try:
        async with EpochWatcher(pool, epoch).running():
            own.stop()

            async def is_unknown() -> bool:
                return epoch.current() is None and "epoch.unconfirmed" in captured.events()

            async def is_known() -> bool:
                return epoch.current() is not None

            async def is_reported(event: str) -> bool:
                return event in captured.events()

            await eventually(is_unknown)
            await asyncio.to_thread(own.start)
            await eventually(is_known)
            await eventually(lambda: is_reported("epoch.confirmed"))
        assert captured.events().count("epoch.unconfirmed") == 1
    finally:
        await pool.close()
        own.stop()
