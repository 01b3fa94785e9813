"""One suite for both queues: the lease and the fence, on a real PostgreSQL."""

import asyncio
import math
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database.pool import DatabasePool
from app.database.report_statements import MAIL_LEASES, REPORT_LEASES
from app.reports.lease import kept
from app.reports.names import MAIL, REPORTS
from app.reports.queue import Backoff, Claim, LeaseLostError, LeaseQueue
from telemetry.testing import Captured

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STATEMENTS = {REPORTS: REPORT_LEASES, MAIL: MAIL_LEASES}
TABLES = {REPORTS: "report_jobs", MAIL: "mail_outbox"}
Put = Callable[[], Awaitable[UUID]]


@pytest.fixture(params=[REPORTS, MAIL])
def queue(request: pytest.FixtureRequest, pool: DatabasePool) -> LeaseQueue:
    return LeaseQueue(request.param, pool, STATEMENTS[request.param], lease_seconds=30)


@pytest.fixture
def put(queue: LeaseQueue, pool: DatabasePool) -> Put:
    """`await put()`: a new message on the queue, and nothing on the other."""

    async def insert() -> UUID:
        task_id = uuid.uuid4()
        async with pool.transaction() as connection:
            await connection.execute(
                "INSERT INTO report_jobs"
                " (id, requested_by, recipient, carrier, status, finished_at)"
                " VALUES ($1, 'test', 'a@b.example', '{}', $2, $3)",
                task_id,
                *(("queued", None) if queue.name == REPORTS else ("dead", EPOCH)),
            )
            if queue.name == MAIL:
                await connection.execute("INSERT INTO reports VALUES ($1, '', '')", task_id)
                await connection.execute(
                    "INSERT INTO mail_outbox (id, carrier) VALUES ($1, '{}')", task_id
                )
        return task_id

    return insert


async def run_out(pool: DatabasePool, queue: LeaseQueue) -> None:
    """Let every lease of the queue run out now."""
    async with pool.acquire() as connection:
        await connection.execute(
            f"UPDATE {TABLES[queue.name]} SET lease_until = now() - interval '1 second'"  # noqa: S608  # ours
            " WHERE status = 'running'"
        )


async def column(pool: DatabasePool, queue: LeaseQueue, name: str) -> object:
    async with pool.acquire() as connection:
        return await connection.fetchval(f"SELECT {name} FROM {TABLES[queue.name]}")  # noqa: S608  # ours


async def taken(queue: LeaseQueue) -> Claim:
    claim = await queue.claim()
    assert claim is not None
    return claim


async def test_a_claim_holds_the_message_against_everyone_else(queue: LeaseQueue, put: Put) -> None:
    assert await queue.claim() is None
    task_id = await put()
    claims = await asyncio.gather(*(queue.claim() for _ in range(5)))
    held = [claim for claim in claims if claim is not None]
    assert [(claim.id, claim.attempt, claim.tries) for claim in held] == [(task_id, 1, 1)]


async def test_a_claim_that_is_under_way_is_passed_over_not_waited_for(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    first, second = [await put() for _ in range(2)]
    async with pool.transaction() as connection:
        claim = STATEMENTS[queue.name].claim
        assert await connection.fetchval(claim, queue.lease_seconds) == first
        assert (await taken(queue)).id == second
        assert await queue.claim() is None


async def test_the_message_that_has_waited_longest_comes_first(queue: LeaseQueue, put: Put) -> None:
    put_in = [await put() for _ in range(3)]
    assert [(await taken(queue)).id for _ in range(3)] == put_in


async def test_a_lease_that_runs_out_lets_the_next_worker_take_over(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    await put()
    first = await taken(queue)
    assert await queue.claim() is None
    await run_out(pool, queue)
    second = await taken(queue)
    assert (second.id, second.attempt, second.tries) == (first.id, 2, 2)


async def test_after_a_takeover_the_first_worker_can_settle_nothing(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    await put()
    late = await taken(queue)
    await run_out(pool, queue)
    current = await taken(queue)

    async def complete_with_a_result() -> None:
        async with pool.transaction() as connection:
            await connection.execute("INSERT INTO grants VALUES ('u', 'r', 'a', 'late')")
            await queue.complete(connection, late)

    for settle in (
        complete_with_a_result(),
        queue.extend(late),
        queue.retry(late, 0, "x"),
        queue.bury(late, "x"),
        queue.hand_back(late),
    ):
        with pytest.raises(LeaseLostError):
            await settle

    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM grants") == 0
    assert await column(pool, queue, "status") == "running"
    async with pool.transaction() as connection:
        await queue.complete(connection, current)
    assert await column(pool, queue, "status") == "done"


async def test_a_late_worker_that_nobody_replaced_may_still_finish(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    await put()
    claim = await taken(queue)
    await run_out(pool, queue)
    async with pool.transaction() as connection:
        await queue.complete(connection, claim)
    assert await queue.claim() is None


async def test_an_extended_lease_is_not_taken_over(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    await put()
    claim = await taken(queue)
    await run_out(pool, queue)
    await queue.extend(claim)
    assert await queue.claim() is None


async def test_a_heartbeat_that_comes_after_the_end_is_no_lost_lease(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    await put()
    claim = await taken(queue)
    async with pool.transaction() as connection:
        await queue.complete(connection, claim)
    await queue.extend(claim)
    assert await column(pool, queue, "status") == "done"


async def test_a_retry_waits_for_its_time(queue: LeaseQueue, put: Put, pool: DatabasePool) -> None:
    await put()
    await queue.retry(await taken(queue), 3600, "builtins.ValueError")
    assert await queue.claim() is None
    assert await column(pool, queue, "due_at > now() + interval '59 minutes'") is True
    assert await column(pool, queue, "error_type") == "builtins.ValueError"
    async with pool.acquire() as connection:
        await connection.execute(f"UPDATE {TABLES[queue.name]} SET due_at = now()")  # noqa: S608  # ours
    again = await taken(queue)
    assert (again.attempt, again.tries) == (2, 2)


async def test_a_buried_message_is_never_taken_again(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    await put()
    await queue.bury(await taken(queue), "x")
    assert await queue.claim() is None
    assert await column(pool, queue, "status") == "dead"


async def test_what_is_handed_back_is_free_at_once_and_counts_as_untried(
    queue: LeaseQueue, put: Put
) -> None:
    await put()
    first = await taken(queue)
    await queue.hand_back(first)
    again = await taken(queue)
    assert (again.attempt, again.tries) == (2, 1)
    with pytest.raises(LeaseLostError):
        await queue.hand_back(first)


async def test_a_completion_that_is_rolled_back_leaves_the_claim(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    await put()
    claim = await taken(queue)

    async def complete_and_fail() -> None:
        async with pool.transaction() as connection:
            await queue.complete(connection, claim)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await complete_and_fail()
    await queue.extend(claim)
    assert await column(pool, queue, "status") == "running"


async def test_the_backlog_is_what_is_due_and_not_done(
    queue: LeaseQueue, put: Put, pool: DatabasePool
) -> None:
    assert (await queue.backlog()).depth == 0
    for _ in range(4):
        await put()
    async with pool.acquire() as connection:
        await connection.execute(
            f"UPDATE {TABLES[queue.name]} SET enqueued_at = now() - interval '90 s'"  # noqa: S608  # ours
        )
    async with pool.transaction() as connection:
        await queue.complete(connection, await taken(queue))
    await queue.retry(await taken(queue), 3600, "x")
    await taken(queue)
    backlog = await queue.backlog()
    assert backlog.depth == 2  # one waits, one is in hand
    assert 90 <= backlog.oldest_seconds < 3600


async def test_a_lost_lease_stops_the_work(queue: LeaseQueue, put: Put, pool: DatabasePool) -> None:
    await put()
    hasty = LeaseQueue(
        queue.name,
        pool,
        STATEMENTS[queue.name],
        lease_seconds=0.15,
    )
    claim = await taken(hasty)
    await run_out(pool, queue)
    await taken(queue)
    with pytest.raises(LeaseLostError):
        async with asyncio.timeout(20), kept(hasty, claim):
            await asyncio.Event().wait()


async def test_an_error_of_the_work_comes_out_as_it_is(queue: LeaseQueue, put: Put) -> None:
    await put()
    claim = await taken(queue)
    with pytest.raises(KeyError):
        async with kept(queue, claim):
            raise KeyError


async def test_claims_heartbeats_and_samples_make_no_spans(
    queue: LeaseQueue, put: Put, captured: Captured
) -> None:
    await put()
    captured.clear()
    claim = await taken(queue)
    await queue.extend(claim)
    await queue.backlog()
    assert captured.span_names() == []


@given(tries=st.integers(1, 10_000))
def test_the_backoff_doubles_up_to_its_bound_and_is_spread(tries: int) -> None:
    slowest = Backoff(uniform=max).delay(tries)
    fastest = Backoff(uniform=min).delay(tries)
    assert fastest == slowest / 2
    assert slowest == (300 if tries > 9 else math.ldexp(1, tries - 1))
    assert fastest <= Backoff().delay(tries) <= slowest
