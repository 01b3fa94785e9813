"""Batches of users on the real tables: what is done to each, checkpoints, fences, outages."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest

from app import signals
from app.batches.ledger import FencedError
from app.batches.operations import Operation
from app.batches.user_ledger import Claim, Wanted
from app.batches.user_worker import UserBatchRunner
from app.batches.users import BatchReport
from app.database.pool import DatabasePool
from app.errors import Conflict, Unavailable
from app.settings import Settings
from telemetry.testing import Captured

OPS = "ops"
AUDITOR = "auditor@example.com"


@pytest.fixture
def runner(pool: DatabasePool, captured: Captured, settings: Settings) -> UserBatchRunner:
    return UserBatchRunner(pool, captured.telemetry, settings)


async def pieces(names: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    yield names


def wanted(names: Sequence[str] | None, key: str | None = None, recipient: str = "") -> Wanted:
    return Wanted(
        operation=Operation.REVIEW if recipient else Operation.OFFBOARD,
        recipient=recipient or None,
        names=None if names is None else pieces(names),
        requested_by=OPS,
        idempotency_key=key,
    )


async def claimed(runner: UserBatchRunner) -> Claim:
    claim = await runner.batches.claim()
    assert claim is not None
    return claim


async def status(runner: UserBatchRunner, batch_id: UUID) -> dict[str, object]:
    found = await runner.batches.status(batch_id, OPS)
    assert found is not None
    return found


async def fill(pool: DatabasePool, users: int, grants: int = 2) -> list[str]:
    """Users with grants and a membership each, all in the directory; one group has a grant too."""
    async with pool.acquire() as connection:
        await connection.execute(
            f"""
            INSERT INTO directory_users SELECT 'user-' || n, 'ops'
                FROM generate_series(1, {users}) n;
            INSERT INTO grants (user_id, resource, action, granted_by)
                SELECT 'user-' || n, 'doc:' || m, 'read', 'ops'
                FROM generate_series(1, {users}) n, generate_series(1, {grants}) m;
            INSERT INTO group_members (group_id, user_id, added_by)
                SELECT 'staff', 'user-' || n, 'ops' FROM generate_series(1, {users}) n;
            INSERT INTO grants (group_id, resource, action, granted_by)
                VALUES ('staff', 'doc:1', 'read', 'ops')
            """  # noqa: S608  # numbers of this module
        )
    return [f"user-{number}" for number in range(1, users + 1)]


async def value(pool: DatabasePool, query: str) -> int:
    async with pool.acquire() as connection:
        return int(await connection.fetchval(query))


async def test_offboarding_leaves_nothing_of_a_user_and_all_of_the_others(
    runner: UserBatchRunner, pool: DatabasePool, captured: Captured
) -> None:
    names = await fill(pool, users=250)
    epoch = await value(pool, "SELECT number FROM grant_epoch")
    batch_id = await runner.batches.accept(wanted(names[:230]))
    heard: list[int] = []
    ended = await runner.run(
        await claimed(runner), asyncio.Event(), lambda _, reached: heard.append(reached.done)
    )
    assert ended == "done"
    assert heard == [100, 200, 230]
    found = await status(runner, batch_id)
    assert found["status"] == "done"
    assert found["users"] == {"total": 230, "done": 230, "failed": 0}
    assert await value(pool, "SELECT count(*) FROM grants WHERE user_id IS NOT NULL") == 20 * 2
    assert await value(pool, "SELECT count(*) FROM grants WHERE group_id IS NOT NULL") == 1
    assert await value(pool, "SELECT count(*) FROM group_members") == 20
    assert await value(pool, "SELECT count(*) FROM directory_users") == 20
    assert await value(pool, "SELECT count(*) FROM user_batch_users") == 0
    assert await value(pool, "SELECT number FROM grant_epoch") == epoch + 230
    for action, expected in (
        ("grant.revoke", 460),
        ("relation.remove", 230),
        ("user.leave", 230),
        ("users.batch", 1),
        ("users.batch_end", 1),
    ):
        counted = f"SELECT count(*) FROM audit_entries WHERE action = '{action}' AND actor = 'ops'"  # noqa: S608  # ours
        assert await value(pool, counted) == expected, action
    assert captured.sample(signals.GRANT_CHANGES, {"authorization.change": "revoke"}) == 460
    assert captured.sample(signals.BATCH_USERS, {"batch.user.outcome": "done"}) == 230
    names_of_spans = {span.name for span in captured.spans()}
    assert {"send user_batches", "process user_batches", "batch.users"} <= names_of_spans
    captured.require_declared()


async def test_a_user_with_many_grants_is_taken_out_in_several_transactions(
    runner: UserBatchRunner, pool: DatabasePool
) -> None:
    await fill(pool, users=1, grants=1_234)
    epoch = await value(pool, "SELECT number FROM grant_epoch")
    await runner.batches.accept(wanted(["user-1", "nobody"]))
    await runner.run(await claimed(runner), asyncio.Event())
    assert await value(pool, "SELECT count(*) FROM grants WHERE user_id = 'user-1'") == 0
    assert await value(pool, "SELECT number FROM grant_epoch") == epoch + 3
    revoked = "SELECT count(*) FROM audit_entries WHERE action = 'grant.revoke'"
    assert await value(pool, revoked) == 1_234


async def test_a_review_of_the_directory_has_a_report_for_each_user_once(
    runner: UserBatchRunner, pool: DatabasePool
) -> None:
    await fill(pool, users=120)
    await runner.batches.accept(wanted(None, recipient=AUDITOR))
    first = await claimed(runner)
    stop = asyncio.Event()
    stop.set()
    assert await runner.run(first, stop) == "handed_back"
    assert await value(pool, "SELECT count(*) FROM report_jobs") == 100
    async with pool.acquire() as connection:  # as if the checkpoint had been lost
        await connection.execute("UPDATE user_batches SET position = '', users_done = 0")
    assert await runner.run(await claimed(runner), asyncio.Event()) == "done"
    assert await value(pool, "SELECT count(*) FROM report_jobs") == 120
    assert await value(pool, "SELECT count(DISTINCT subject) FROM report_jobs") == 120


async def test_who_was_taken_for_dead_may_keep_nothing(
    runner: UserBatchRunner, pool: DatabasePool
) -> None:
    names = await fill(pool, users=3)
    await runner.batches.accept(wanted(names))
    first = await claimed(runner)
    assert await runner.batches.claim() is None
    async with pool.acquire() as connection:
        await connection.execute("UPDATE user_batches SET lease_until = now()")
    second = await claimed(runner)
    assert second.attempt == first.attempt + 1
    assert await runner.batches.renew(second)
    assert not await runner.batches.renew(first)
    with pytest.raises(FencedError):
        await runner.batches.checkpoint(first, BatchReport(done=1, last="user-1"), [])
    with pytest.raises(FencedError):
        await runner.run(first, asyncio.Event())
    with pytest.raises(FencedError):
        await runner.batches.hand_back(first)
    assert await runner.run(second, asyncio.Event()) == "done"


async def test_an_outage_is_no_users_failure(
    runner: UserBatchRunner, pool: DatabasePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = await fill(pool, users=3)
    batch_id = await runner.batches.accept(wanted([*names, "user-9"]))

    async def busy(_: str) -> None:
        message = "Too busy."
        raise Unavailable(message, retry_after=0)

    with monkeypatch.context() as patched:
        patched.setattr(runner, "_process", lambda _: busy)
        with pytest.raises(Unavailable):
            await runner.run(await claimed(runner), asyncio.Event())
    assert (await status(runner, batch_id))["users"] == {"total": 4, "done": 0, "failed": 0}
    async with pool.acquire() as connection:
        await connection.execute("UPDATE user_batches SET lease_until = now()")
    assert await runner.run(await claimed(runner), asyncio.Event()) == "done"
    assert (await status(runner, batch_id))["users"] == {"total": 4, "done": 4, "failed": 0}


async def test_those_who_fail_are_on_record_and_the_rest_goes_on(
    runner: UserBatchRunner, pool: DatabasePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = await fill(pool, users=150)
    batch_id = await runner.batches.accept(wanted(names))

    async def fail_some(user: str) -> None:
        if user.endswith("7"):
            raise LookupError(user)

    monkeypatch.setattr(runner, "_process", lambda _: fail_some)
    assert await runner.run(await claimed(runner), asyncio.Event()) == "done"
    assert (await status(runner, batch_id))["users"] == {"total": 150, "done": 135, "failed": 15}
    failures = await runner.batches.failures(batch_id, "", 100)
    assert {one["user"] for one in failures} == {name for name in names if name.endswith("7")}
    assert {one["error"] for one in failures} == {"LookupError"}


async def test_a_cancelled_batch_ends_at_its_checkpoint(
    runner: UserBatchRunner, pool: DatabasePool
) -> None:
    names = await fill(pool, users=250)
    waiting = await runner.batches.accept(wanted(names))
    assert await runner.batches.cancel(waiting, OPS)
    assert await runner.batches.claim() is None
    assert (await status(runner, waiting))["status"] == "cancelled"
    assert not await runner.batches.cancel(waiting, OPS)

    running = await runner.batches.accept(wanted(names))
    claim = await claimed(runner)
    cancelling: list[asyncio.Task[bool]] = []

    def cancel(_: Claim, __: BatchReport) -> None:
        cancelling.append(asyncio.create_task(runner.batches.cancel(running, OPS)))

    assert await runner.run(claim, asyncio.Event(), cancel) == "cancelled"
    assert await cancelling[0]
    found = await status(runner, running)
    assert found["status"] == "cancelled"
    assert found["users"] == {"total": 250, "done": 200, "failed": 0}
    assert await value(pool, "SELECT count(*) FROM user_batch_users") == 0


async def test_a_batch_without_a_checkpoint_is_not_tried_for_ever(
    runner: UserBatchRunner, pool: DatabasePool, settings: Settings
) -> None:
    batch_id = await runner.batches.accept(wanted(["user-1"]))
    async with pool.acquire() as connection:
        await connection.execute("UPDATE user_batches SET fruitless = $1", settings.max_attempts)
    assert await runner.run(await claimed(runner), asyncio.Event()) == "failed"
    assert (await status(runner, batch_id))["error"] == "ExhaustedError"


async def test_an_outage_counts_for_no_try(
    runner: UserBatchRunner,
    pool: DatabasePool,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch_id = await runner.batches.accept(wanted(["user-1"]))

    async def busy(_: str) -> None:
        message = "Too busy."
        raise Unavailable(message, retry_after=0)

    async def next_claim() -> Claim:
        async with pool.acquire() as connection:
            await connection.execute(
                "UPDATE user_batches SET lease_until = now() WHERE status = 'running'"
            )
        return await claimed(runner)

    with monkeypatch.context() as patched:
        patched.setattr(runner, "_process", lambda _: busy)
        for _ in range(settings.max_attempts + 1):
            with pytest.raises(Unavailable):
                await runner.run(await next_claim(), asyncio.Event())
    assert await runner.run(await next_claim(), asyncio.Event()) == "done"
    assert (await status(runner, batch_id))["users"] == {"total": 1, "done": 1, "failed": 0}


async def test_the_same_key_is_the_same_batch(runner: UserBatchRunner) -> None:
    first = await runner.batches.accept(wanted(["a"], key="k"))
    assert await runner.batches.accept(wanted(["a"], key="k")) == first
    with pytest.raises(Conflict):
        await runner.batches.accept(wanted(None, key="k", recipient=AUDITOR))
    assert await runner.batches.accept(wanted(["a"])) != await runner.batches.accept(wanted(["a"]))
