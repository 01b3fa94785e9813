"""The worker's batches of users: claim one, process its users, keep a checkpoint after each batch.

    claim -> users_on_record -> batch_process_users -> checkpoint -> ... -> end

Whatever ends a try, the next goes on after the last checkpoint: the users in hand are processed
again, which every operation bears.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from app import signals
from app.audit.beside import beside
from app.batches.operations import Operation, Operations
from app.batches.user_ledger import MESSAGING_SYSTEM, QUEUE, Claim, UserBatches
from app.batches.user_sampler import CheckpointSampler
from app.batches.users import (
    BatchLimits,
    BatchReport,
    ProcessUser,
    batch_process_users,
    users_on_record,
)
from app.database.failures import DRIVER_ERRORS
from app.database.pool import DatabasePool
from app.errors import Unavailable
from app.settings import Settings
from telemetry.catalog.attributes import ERROR_TYPE
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

logger = structlog.stdlib.get_logger()

_LONGEST_PAUSE_SECONDS: Final = 10.0
_OUTAGE: Final = (Unavailable, *DRIVER_ERRORS)
_POOL_SHARE: Final = 2
"""One half of the pool's connections is for a batch, the rest for all else that the worker does."""

Hear = Callable[[Claim, BatchReport], None]


class ExhaustedError(Exception):
    """The batch was claimed again and again without a single checkpoint."""


class _StopRequestedError(Exception):
    """The process ends: the batch goes on elsewhere."""


class _CancelRequestedError(Exception):
    """Nobody wants the batch any more."""


class UserBatchRunner:
    """Runs one claimed batch to its end, whatever that is."""

    def __init__(self, pool: DatabasePool, telemetry: Telemetry, settings: Settings) -> None:
        self._pool = pool
        self._telemetry = telemetry
        self._messaging = Messaging(telemetry.tracing, telemetry.meter, system=MESSAGING_SYSTEM)
        self._operations = Operations(pool, telemetry)
        self._limits = BatchLimits(at_once=max(1, settings.database_pool_max // _POOL_SHARE))
        self._max_tries = settings.max_attempts
        self.batches = UserBatches(pool, telemetry, lease_seconds=settings.lease_seconds)
        users = telemetry.meter.counter(signals.BATCH_USERS)
        for outcome in signals.USER_OUTCOME.values or ():
            users.add(0, outcome)  # a rate needs a first sample

    async def run(self, claim: Claim, stop: asyncio.Event, hear: Hear = lambda _, __: None) -> str:
        """Run the batch; return how it was put down, a value of `signals.USER_BATCH_OUTCOME`.

        `hear` is told of each checkpoint. Raises `FencedError`, and whatever ended this try alone.
        """
        outcome = "interrupted"
        report = BatchReport()
        described: dict[str, str | int] = {
            signals.USER_BATCH_ID: str(claim.id),
            signals.USER_BATCH_OPERATION: claim.operation.value,
        }

        async def keep(reached: BatchReport) -> None:
            nonlocal report
            await self._keep(claim, reached, len(report.failures))
            report = BatchReport(reached.done, reached.failed, list(reached.failures))
            hear(claim, reached)
            if stop.is_set():
                raise _StopRequestedError

        with self._messaging.processing(
            signals.PROCESS_USER_BATCH, QUEUE, str(claim.id), carrier=claim.carrier
        ) as processing:
            try:
                outcome = await self._to_its_end(claim, keep)
            except ExhaustedError as error:
                processing.failed(error)
                await self.batches.finish(claim, "failed", type(error).__name__)
                outcome = "failed"
                described[ERROR_TYPE] = error_type_of(error)
            except Exception as error:
                described[ERROR_TYPE] = error_type_of(error)
                if isinstance(error, _OUTAGE):
                    await self._forgive(claim)
                raise
            finally:
                described[signals.USER_BATCH_DONE] = claim.done + report.done
                described[signals.USER_BATCH_FAILED] = claim.failed + report.failed
                described[signals.USER_BATCH_OUTCOME.attribute] = outcome
                _log(outcome, described)
        return outcome

    async def _to_its_end(
        self, claim: Claim, keep: Callable[[BatchReport], Awaitable[None]]
    ) -> str:
        if claim.fruitless > self._max_tries:
            raise ExhaustedError
        if claim.cancel_requested:
            return await self._cancelled(claim)
        batch_id = None if claim.of_directory else claim.id
        users = users_on_record(self._pool, after=claim.position, batch_id=batch_id)
        try:
            async with beside(self._renewing(claim)):
                await batch_process_users(
                    users, self._process(claim), self._telemetry, self._limits, keep
                )
        except _CancelRequestedError:
            return await self._cancelled(claim)
        except _StopRequestedError:
            await self.batches.hand_back(claim)
            return "handed_back"
        await self.batches.finish(claim, "done")
        return "done"

    async def _forgive(self, claim: Claim) -> None:
        # Where the database is still away the try counts: it cannot be told so.
        with suppress(*_OUTAGE):
            await self.batches.forgive(claim)

    async def _cancelled(self, claim: Claim) -> str:
        await self.batches.finish(claim, "cancelled")
        return "cancelled"

    async def _keep(self, claim: Claim, reached: BatchReport, known: int) -> None:
        if reached.passing:
            # An outage is nobody's fault: the whole batch is tried again, from its checkpoint.
            message = "What users need to be processed is away."
            raise Unavailable(message)
        if await self.batches.checkpoint(claim, reached, reached.failures[known:]):
            raise _CancelRequestedError

    def _process(self, claim: Claim) -> ProcessUser:
        if claim.operation is Operation.REVIEW and claim.recipient is not None:
            return self._operations.reviewing(claim.requested_by, claim.recipient, claim.id)
        return self._operations.offboarding(claim.requested_by)

    async def _renewing(self, claim: Claim) -> None:
        # A lease that is lost all the same is told by the next checkpoint.
        while True:
            await asyncio.sleep(self.batches.lease_seconds / 3)
            with suppress(*_OUTAGE):
                await self.batches.renew(claim)


class UserBatchWorker:
    """Takes one batch after the other for as long as its process works."""

    def __init__(self, runner: UserBatchRunner, *, poll_seconds: float) -> None:
        self._runner = runner
        self._poll_seconds = poll_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. Nothing that a batch does ends it."""
        pause = self._poll_seconds
        while not stop.is_set():
            try:
                claim = await self._runner.batches.claim()
                if claim is not None:
                    # It has been told; the lease's end is the pause before the next try.
                    with suppress(Exception):
                        await self._runner.run(claim, stop)
                    continue
                pause = self._poll_seconds
            except _OUTAGE:
                pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)


@asynccontextmanager
async def processing_users(
    settings: Settings, telemetry: Telemetry, pool: DatabasePool
) -> AsyncIterator[None]:
    """Process batches of users beside the block, and stop at a checkpoint when it ends."""
    stop = asyncio.Event()
    runner = UserBatchRunner(pool, telemetry, settings)
    worker = UserBatchWorker(runner, poll_seconds=settings.poll_seconds)
    task = asyncio.create_task(worker.run(stop), name="user-batches")
    sampler = CheckpointSampler(runner.batches, telemetry.meter)
    sampling = asyncio.create_task(sampler.run(), name="user-batches-sampler")
    try:
        yield
    finally:
        stop.set()
        sampling.cancel()
        await asyncio.wait((task,), timeout=settings.stop_budget.closing)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _log(outcome: str, described: dict[str, str | int]) -> None:
    if outcome == "failed":
        logger.error(signals.USER_BATCH_FAILED_FOR_GOOD.name, **described)
    elif outcome == "interrupted":
        logger.warning(signals.USER_BATCH_INTERRUPTED.name, **described)
    else:
        logger.info(signals.USER_BATCH_ENDED.name, **described)
