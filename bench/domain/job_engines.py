"""The queues under comparison, each as its own documentation has it: put so many jobs on, do them.

The packages that ours is measured against are in the bench's own environment, so this is imported
by `bench.domain.job_worker` alone. A job does nothing: what is measured is the queue.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import redis.asyncio
from pgqueuer import PgQueuer
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode
from taskiq.api import run_receiver_task
from taskiq_redis import RedisStreamBroker

from app import signals
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.database.report_statements import REPORT_LEASES
from app.reports.consumer import Consumer, ConsumerSettings
from app.reports.names import REPORTS
from app.reports.queue import Claim, LeaseQueue
from app.reports.scheduler import ReportScheduler
from app.settings import read_settings
from telemetry.runtime import Telemetry
from telemetry.testing import captured_telemetry

_ACKNOWLEDGED_SECONDS: Final = 0.002
_PAYLOAD: Final = json.dumps({"report": 1}).encode()


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds for putting the jobs on, and for doing them all."""

    enqueueing: float
    working: float


Engine = Callable[[str, str, int], Coroutine[Any, Any, Took]]


async def ours(database: str, _: str, jobs: int) -> Took:
    """`app.reports`: the scheduler, and a consumer under leases whose handler does nothing."""
    await migrate(database)
    settings = read_settings(database_url=database)
    with captured_telemetry(service_name="bench", attributes=signals.ATTRIBUTES) as captured:
        pool = await DatabasePool.open(settings, captured.telemetry)
        try:
            return await _ours(pool, captured.telemetry, jobs)
        finally:
            await pool.close()


async def _ours(pool: DatabasePool, telemetry: Telemetry, jobs: int) -> Took:
    scheduler = ReportScheduler(pool, telemetry)
    queue = LeaseQueue(REPORTS, pool, REPORT_LEASES, lease_seconds=30)
    handler = _Nothing(pool, queue)
    consumer = Consumer(
        queue,
        handler,
        signals.PROCESS_REPORT,
        telemetry,
        ConsumerSettings(poll_seconds=0.5, max_attempts=5),
    )

    async def enqueue() -> None:
        await scheduler.schedule_report("bench@example.com", requested_by="bench")

    async def work() -> None:
        while await consumer.take_one():
            pass

    took = await _timed(enqueue, work, jobs)
    _require(handler.done, jobs)
    return took


class _Nothing:
    """A handler that does nothing, and ends the job in a transaction as a report's does."""

    def __init__(self, pool: DatabasePool, queue: LeaseQueue) -> None:
        self._pool = pool
        self._queue = queue
        self.done = 0

    async def handle(self, claim: Claim) -> None:
        async with self._pool.transaction() as connection:
            await self._queue.complete(connection, claim)
        self.done += 1

    def failed(self, claim: Claim, error: Exception, retry_seconds: float | None) -> None:
        """Leave it: `_require` finds that it is missing."""

    def cancelled(self, claim: Claim) -> None:
        """Never happens."""


async def pgqueuer(database: str, _: str, jobs: int) -> Took:
    """Run pgqueuer on asyncpg until its queue is drained."""
    connection = await asyncpg.connect(database)
    queries = Queries.from_asyncpg_connection(connection)
    await queries.install()
    manager = PgQueuer.from_asyncpg_connection(connection)
    done = 0

    @manager.entrypoint("nothing")  # type: ignore[untyped-decorator]  # of another environment
    async def nothing(_: Job) -> None:
        nonlocal done
        done += 1

    async def enqueue() -> None:
        await queries.enqueue("nothing", _PAYLOAD)

    async def work() -> None:
        await manager.run(mode=QueueExecutionMode.drain)

    took = await _timed(enqueue, work, jobs)
    _require(done, jobs)
    return took


async def taskiq(_: str, cache: str, jobs: int) -> Took:
    """Run taskiq on its Redis stream, whose messages are acknowledged once they are done."""
    stream = f"bench-{uuid.uuid4()}"
    broker = RedisStreamBroker(cache, queue_name=stream)
    client = redis.asyncio.Redis.from_url(cache)
    done, all_done = 0, asyncio.Event()

    @broker.task  # type: ignore[untyped-decorator]  # as above
    async def nothing(_: Mapping[str, int]) -> None:
        nonlocal done
        done += 1
        if done == jobs:
            all_done.set()

    await broker.startup()

    async def enqueue() -> None:
        await nothing.kiq({"report": 1})

    async def work() -> None:
        receiving.append(asyncio.create_task(run_receiver_task(broker)))
        await all_done.wait()
        while (await client.xpending(stream, broker.consumer_group_name))["pending"]:  # noqa: ASYNC110  # Redis' state
            await asyncio.sleep(_ACKNOWLEDGED_SECONDS)

    # It does not end when it is cancelled: the process ends with it.
    receiving: list[asyncio.Task[None]] = []
    took = await _timed(enqueue, work, jobs)
    _require(done, jobs)
    return took


ENGINES: Final[Mapping[str, Engine]] = {"ours": ours, "pgqueuer": pgqueuer, "taskiq": taskiq}


async def _timed(
    enqueue: Callable[[], Awaitable[None]], work: Callable[[], Awaitable[None]], jobs: int
) -> Took:
    started = time.perf_counter()
    for _ in range(jobs):
        await enqueue()
    enqueued = time.perf_counter()
    await work()
    return Took(enqueued - started, time.perf_counter() - enqueued)


def _require(done: int, jobs: int) -> None:
    if done != jobs:
        message = f"{done} of {jobs} jobs were done"
        raise RuntimeError(message)
