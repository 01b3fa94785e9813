"""Processing many users: in batches, some at once, as fast as what they need can take.

There is no pause between batches: the next users are asked for when a place is free. What fails
for now slows everything down and is tried again; what fails for good is reported and the rest goes
on.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from app import signals
from app.database.pool import DatabasePool
from app.database.user_batch_statements import DIRECTORY_PAGE, NAMED_PAGE
from app.errors import Unavailable
from telemetry.runtime import Telemetry
from telemetry.tracing import error_type_of

MAX_FAILURES_KEPT: Final = 1_000

ProcessUser = Callable[[str], Awaitable[None]]
Checkpoint = Callable[["BatchReport"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A user that could not be processed, and the kind of error; for the caller, not telemetry."""

    user: str
    error_type: str


@dataclass(slots=True)
class BatchReport:
    """How far the processing is; `failures` has the first `MAX_FAILURES_KEPT` of `failed`."""

    done: int = 0
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)
    passing: int = 0
    """Of `failed`, those for which what they need was away to the last try."""
    last: str | None = None
    """The last user of the batches that are at their end."""


async def _unnoticed(_: BatchReport) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How much is in hand: users a batch, users at once; and how often each is tried."""

    batch_size: int = 100
    at_once: int = 8
    tries: int = 3
    longest_pause_seconds: float = 5.0

    def __post_init__(self) -> None:
        if min(self.batch_size, self.at_once, self.tries) < 1:
            message = "a batch's size, its width and its tries are at least 1"
            raise ValueError(message)


async def batch_process_users(
    users: AsyncIterator[str],
    process: ProcessUser,
    telemetry: Telemetry,
    limits: BatchLimits,
    on_progress: Checkpoint = _unnoticed,
) -> BatchReport:
    """Process every user once, and return what became of them.

    `on_progress` is awaited after each batch: what it keeps is a checkpoint, what it raises ends
    the work.

    `process` may be called again for a user where it raised `Unavailable`: it has to bear that.
    Any other exception is that user's failure. At most one batch of users is held at a time;
    cancelling stops what is in hand.
    """
    run = _Processing(process, limits, telemetry)
    batch: list[str] = []
    async for user in users:
        batch.append(user)
        if len(batch) == limits.batch_size:
            await on_progress(await run.batch(batch))
            batch = []
    if batch:
        await on_progress(await run.batch(batch))
    return run.report


async def users_on_record(
    pool: DatabasePool, page_size: int = 500, *, after: str = "", batch_id: UUID | None = None
) -> AsyncIterator[str]:
    """Yield the users of the directory, or those a batch names, in order, after one of them.

    A page is read at a time. Raises `Unavailable`.
    """
    statement = DIRECTORY_PAGE if batch_id is None else NAMED_PAGE
    further = () if batch_id is None else (batch_id,)
    while True:
        async with pool.acquire() as connection:
            rows = await connection.fetch(statement, after, page_size, *further)
        for row in rows:
            yield row["user_id"]
        if len(rows) < page_size:
            return
        after = rows[-1]["user_id"]


class _Processing:
    def __init__(self, process: ProcessUser, limits: BatchLimits, telemetry: Telemetry) -> None:
        self.report = BatchReport()
        self._process = process
        self._limits = limits
        self._tracing = telemetry.tracing
        self._users = telemetry.meter.counter(signals.BATCH_USERS)
        self._duration = telemetry.meter.histogram(signals.BATCH_DURATION)
        self._width = limits.at_once
        for outcome in signals.USER_OUTCOME.values or ():
            self._users.add(0, outcome)

    async def batch(self, users: Sequence[str]) -> BatchReport:
        """Process one batch to its end."""
        started = time.perf_counter()
        with self._tracing.span(signals.BATCH_OF_USERS, {signals.BATCH_SIZE: len(users)}):
            waiting = list(users)
            for tried in range(1, self._limits.tries + 1):
                again = await self._pass(waiting, is_last=tried == self._limits.tries)
                if not again:
                    # Nothing was turned away: there may be room for one more.
                    self._width = min(self._limits.at_once, self._width + 1)
                    break
                waiting = [user for user, _ in again]
                self._width = max(1, self._width // 2)
                asked = max(error.retry_after for _, error in again)
                await asyncio.sleep(min(asked, self._limits.longest_pause_seconds))
        self._duration.observe(time.perf_counter() - started)
        self.report.last = users[-1]
        return self.report

    async def _pass(self, users: Sequence[str], *, is_last: bool) -> list[tuple[str, Unavailable]]:
        """Try each once; return those that may be tried again, none after the last pass."""
        again: list[tuple[str, Unavailable]] = []
        waiting = iter(users)

        async def take() -> None:
            for user in waiting:  # shared: each user goes to the first that is free
                try:
                    await self._process(user)
                except Unavailable as error:
                    if is_last:
                        self._failed(user, error)
                    else:
                        again.append((user, error))
                except Exception as error:  # noqa: BLE001  # one user's failure is no other's
                    self._failed(user, error)
                else:
                    self.report.done += 1
                    self._users.add(1, "done")

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._width, len(users))):
                group.create_task(take())
        return again

    def _failed(self, user: str, error: Exception) -> None:
        self.report.failed += 1
        self.report.passing += isinstance(error, Unavailable)
        self._users.add(1, "failed")
        if len(self.report.failures) < MAX_FAILURES_KEPT:
            self.report.failures.append(Failure(user, error_type_of(error)))
