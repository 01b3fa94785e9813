"""Users in batches: bounded, in spite of failures, and only as fast as they are taken."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from app import signals
from app.batches.users import (
    MAX_FAILURES_KEPT,
    BatchLimits,
    BatchReport,
    Failure,
    batch_process_users,
    users_on_record,
)
from app.database.pool import DatabasePool
from app.errors import Unavailable
from telemetry.testing import Captured


async def names(count: int, asked: list[int] | None = None) -> AsyncIterator[str]:
    for number in range(count):
        if asked is not None:
            asked.append(number)
        yield f"user-{number}"


def busy() -> Unavailable:
    return Unavailable("Too busy.", retry_after=0)


async def test_every_user_is_processed_once(captured: Captured) -> None:
    seen: Counter[str] = Counter()
    heard: list[tuple[int, str | None]] = []

    async def process(user: str) -> None:
        await asyncio.sleep(0)
        seen[user] += 1

    async def hear(progress: BatchReport) -> None:
        heard.append((progress.done, progress.last))

    report = await batch_process_users(
        names(250),
        process,
        captured.telemetry,
        BatchLimits(batch_size=100),
        hear,
    )
    assert (report.done, report.failed) == (250, 0)
    assert len(seen) == sum(seen.values()) == 250
    assert heard == [(100, "user-99"), (200, "user-199"), (250, "user-249")]
    assert captured.sample(signals.BATCH_USERS, {"batch.user.outcome": "done"}) == 250
    assert captured.sample(signals.BATCH_DURATION) == 3


async def test_no_more_are_in_hand_than_allowed(captured: Captured) -> None:
    asked: list[int] = []
    in_hand, most, ahead = 0, 0, 0
    done = 0

    async def process(_: str) -> None:
        nonlocal in_hand, most, ahead, done
        in_hand += 1
        most = max(most, in_hand)
        ahead = max(ahead, len(asked) - done)
        await asyncio.sleep(0)
        in_hand -= 1
        done += 1

    limits = BatchLimits(batch_size=20, at_once=4)
    await batch_process_users(names(200, asked), process, captured.telemetry, limits)
    assert most == 4
    assert ahead <= 20  # the source waits for the work


async def test_one_users_failure_is_no_others(captured: Captured) -> None:
    async def process(user: str) -> None:
        if user in {"user-3", "user-150"}:
            raise LookupError(user)

    report = await batch_process_users(names(200), process, captured.telemetry, BatchLimits())
    assert (report.done, report.failed) == (198, 2)
    assert report.failures == [
        Failure("user-3", "LookupError"),
        Failure("user-150", "LookupError"),
    ]
    assert captured.sample(signals.BATCH_USERS, {"batch.user.outcome": "failed"}) == 2
    captured.require_declared()


async def test_what_is_busy_is_asked_again_by_fewer_at_once(captured: Captured) -> None:
    tries: Counter[str] = Counter()
    in_hand, most_later = 0, 0

    async def process(user: str) -> None:
        nonlocal in_hand, most_later
        tries[user] += 1
        in_hand += 1
        try:
            await asyncio.sleep(0)
            if tries[user] == 1:
                raise busy()
            most_later = max(most_later, in_hand)
        finally:
            in_hand -= 1

    limits = BatchLimits(batch_size=50, at_once=8)
    report = await batch_process_users(names(50), process, captured.telemetry, limits)
    assert (report.done, report.failed) == (50, 0)
    assert set(tries.values()) == {2}
    assert most_later == 4


async def test_what_stays_busy_fails_after_its_tries(captured: Captured) -> None:
    tries = 0

    async def process(_: str) -> None:
        nonlocal tries
        tries += 1
        raise busy()

    report = await batch_process_users(names(1), process, captured.telemetry, BatchLimits(tries=3))
    assert tries == 3
    assert report.failures == [Failure("user-0", "app.errors.Unavailable")]
    assert report.passing == 1


async def test_the_list_of_failures_is_bounded(captured: Captured) -> None:
    async def process(_: str) -> None:
        raise LookupError

    count = MAX_FAILURES_KEPT + 50
    report = await batch_process_users(names(count), process, captured.telemetry, BatchLimits())
    assert (report.failed, len(report.failures)) == (count, MAX_FAILURES_KEPT)


async def test_cancelling_stops_what_is_in_hand(captured: Captured) -> None:
    begun, cancelled = asyncio.Event(), 0

    async def process(_: str) -> None:
        nonlocal cancelled
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise

    running = asyncio.create_task(
        batch_process_users(names(50), process, captured.telemetry, BatchLimits(at_once=5))
    )
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert cancelled == 5


async def test_the_directory_is_read_a_page_at_a_time(pool: DatabasePool) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO directory_users SELECT 'user-' || n, 'ops' FROM generate_series(1, 25) n"
        )
    for page_size in (1, 5, 24, 25, 26):
        found = [user async for user in users_on_record(pool, page_size)]
        assert found == sorted(found)
        assert len(set(found)) == 25


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"at_once": 0}, {"tries": 0}])
def test_limits_are_at_least_one(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        BatchLimits(**wrong)
