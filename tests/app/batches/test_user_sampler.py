"""How long a batch of users has made no progress, as the gauge tells it."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence

import pytest

from app import signals
from app.batches.operations import Operation
from app.batches.user_ledger import Claim, UserBatches, Wanted
from app.batches.user_sampler import CheckpointSampler
from app.batches.users import BatchReport
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured


@pytest.fixture
def batches(pool: DatabasePool, captured: Captured, settings: Settings) -> UserBatches:
    return UserBatches(pool, captured.telemetry, lease_seconds=settings.lease_seconds)


@pytest.fixture
def sampler(batches: UserBatches, captured: Captured) -> CheckpointSampler:
    return CheckpointSampler(batches, captured.telemetry.meter)


async def names() -> AsyncIterator[Sequence[str]]:
    yield ["user-1"]


async def in_hand(batches: UserBatches) -> Claim:
    await batches.accept(
        Wanted(operation=Operation.OFFBOARD, recipient=None, names=names(), requested_by="ops")
    )
    claim = await batches.claim()
    assert claim is not None
    return claim


async def _set_back(pool: DatabasePool, column: str, seconds: int) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            f"UPDATE user_batches SET {column} = {column} - make_interval(secs => $1)",  # noqa: S608  # ours
            seconds,
        )


async def _sampled(sampler: CheckpointSampler, captured: Captured) -> float:
    await sampler.sample()
    found = captured.sample(signals.USER_BATCH_CHECKPOINT_AGE)
    assert found is not None
    return found


async def test_time_in_the_queue_does_not_count(
    batches: UserBatches, sampler: CheckpointSampler, pool: DatabasePool, captured: Captured
) -> None:
    assert await _sampled(sampler, captured) == 0
    await batches.accept(
        Wanted(operation=Operation.OFFBOARD, recipient=None, names=names(), requested_by="ops")
    )
    await _set_back(pool, "created_at", 900)
    assert await _sampled(sampler, captured) == 0
    assert await batches.claim() is not None
    assert 0 <= await _sampled(sampler, captured) < 600


async def test_a_batch_in_hand_grows_old_between_its_checkpoints_alone(
    batches: UserBatches, sampler: CheckpointSampler, pool: DatabasePool, captured: Captured
) -> None:
    claim = await in_hand(batches)
    await _set_back(pool, "checkpoint_at", 900)
    assert await _sampled(sampler, captured) >= 900
    await batches.checkpoint(claim, BatchReport(done=1, last="user-1"), ())
    assert await _sampled(sampler, captured) < 600
    await _set_back(pool, "checkpoint_at", 900)
    await batches.finish(claim, "done")
    assert await _sampled(sampler, captured) == 0


async def test_another_try_is_no_progress_and_a_batch_that_was_handed_back_begins_anew(
    batches: UserBatches, sampler: CheckpointSampler, pool: DatabasePool, captured: Captured
) -> None:
    await in_hand(batches)
    await _set_back(pool, "checkpoint_at", 900)
    await _set_back(pool, "lease_until", 900)
    again = await batches.claim()
    assert again is not None
    assert await _sampled(sampler, captured) >= 900
    await batches.hand_back(again)
    assert await _sampled(sampler, captured) == 0
    assert await batches.claim() is not None
    assert await _sampled(sampler, captured) < 600


async def test_without_the_database_nothing_is_known(
    batches: UserBatches,
    sampler: CheckpointSampler,
    pool: DatabasePool,
    captured: Captured,
) -> None:
    await in_hand(batches)
    await pool.close()

    assert math.isnan(await _sampled(sampler, captured))


async def test_the_worker_samples(
    sampler: CheckpointSampler, batches: UserBatches, pool: DatabasePool, captured: Captured
) -> None:
    await in_hand(batches)
    await _set_back(pool, "checkpoint_at", 900)
    task = asyncio.create_task(sampler.run())
    try:
        async with asyncio.timeout(10):
            while (captured.sample(signals.USER_BATCH_CHECKPOINT_AGE) or 0) < 900:  # noqa: ASYNC110  # a gauge wakes nobody
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
