"""An import from accepted to done: what is in the tables, on record, and told."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app import signals
from app.batches.importer import Watcher
from app.batches.ledger import Checkpoint, FencedError
from app.batches.pace import LARGEST_BYTES, SMALLEST_BYTES, Pace
from app.batches.portions import Format
from app.batches.writer import MAX_REJECTS_KEPT
from app.database.import_statements import SUPERSEDE
from app.errors import Unavailable
from tests.app.batches.conftest import OPS, Scene, csv_of_grants

COUNT = "SELECT count(*) FROM grants"
EPOCH = "SELECT number FROM grant_epoch"


def outcome(scene: Scene, name: str, kind: str = "grants") -> float:
    labels = {"import.kind": kind, "import.row.outcome": name}
    return scene.captured.sample(signals.IMPORT_ROWS_READ, labels)


async def test_every_kind_ends_in_its_table(scene: Scene) -> None:
    files = {
        "users": (b"user\nann\nbob\n", "SELECT count(*) FROM directory_users"),
        "groups": (b"group\nstaff\n", "SELECT count(*) FROM directory_groups"),
        "memberships": (
            b"group,user,member_group\nstaff,ann,\nall,,staff\n",
            "SELECT count(*) FROM group_members WHERE added_by = 'ops'",
        ),
        "parents": (b"resource,parent\ndoc:1,folder:1\n", "SELECT count(*) FROM resource_parents"),
        "grants": (b"user,group,resource,action\nann,,doc:1,read\n,staff,doc:1,read\n", COUNT),
    }
    for kind, (content, count) in files.items():
        before = await scene.sql(EPOCH)
        status = await scene.run(content, kind)
        rows = content.count(b"\n") - 1
        assert status["status"] == "done", kind
        assert status["rows"] == {"done": rows, "added": rows, "unchanged": 0, "rejected": 0}
        assert status["bytes"] == {"done": len(content), "total": len(content)}
        assert await scene.sql(count) == rows
        assert outcome(scene, "added", kind) == rows
        assert await scene.sql(EPOCH) == before + (kind not in {"users", "groups"})


async def test_a_file_that_is_brought_again_is_the_same_import(scene: Scene) -> None:
    first = await scene.run(csv_of_grants(10))
    second = await scene.run(csv_of_grants(10))
    assert second == first
    third = await scene.run(csv_of_grants(10), again=True)
    assert third["task_id"] != first["task_id"]
    assert third["rows"] == {"done": 10, "added": 0, "unchanged": 10, "rejected": 0}
    assert await scene.sql(COUNT) == 10


async def test_a_file_that_is_superseded_while_it_is_brought_again_is_imported_anew(
    scene: Scene, eventually: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
) -> None:
    content = csv_of_grants(3)
    first = (await scene.run(content))["task_id"]

    async def is_waiting() -> bool:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(await scene.sql(waiting))

    async with scene.pool.transaction() as other:
        await other.execute("SELECT FROM imports FOR UPDATE")
        brought = asyncio.create_task(scene.accept(content))
        await eventually(is_waiting)
        key = (OPS, "grants", "csv", hashlib.sha256(content).digest())
        await other.execute(SUPERSEDE, *key)
    second = await brought
    assert str(second) != first
    assert (await scene.status(second))["status"] == "queued"


async def test_rows_that_are_known_stay_as_they_are(scene: Scene) -> None:
    await scene.sql("INSERT INTO grants VALUES ('user-3', 'doc:3', 'read', 'someone else')")
    content = csv_of_grants(10) + b"user-1,doc:1,read\n"  # the same once more
    status = await scene.run(content)
    assert status["rows"] == {"done": 11, "added": 9, "unchanged": 2, "rejected": 0}
    granted_by = "SELECT granted_by FROM grants WHERE user_id = $1"
    assert await scene.sql(granted_by, "user-3") == "someone else"
    assert await scene.sql(granted_by, "user-4") == OPS


async def test_a_portion_of_known_rows_moves_no_epoch(scene: Scene) -> None:
    await scene.run(csv_of_grants(10))
    before = await scene.sql(EPOCH)
    await scene.run(csv_of_grants(10), again=True)
    assert await scene.sql(EPOCH) == before


async def test_rejects_are_kept_up_to_a_bound_and_counted_past_it(scene: Scene) -> None:
    bad = MAX_REJECTS_KEPT + 20
    status = await scene.run(csv_of_grants(5) + b"only-one-column\n" * bad)
    assert status["rows"] == {"done": bad + 5, "added": 5, "unchanged": 0, "rejected": bad}
    assert status["rejects_kept"] == MAX_REJECTS_KEPT
    assert outcome(scene, "rejected") == bad


async def test_what_the_database_refuses_is_one_row_and_no_crash(scene: Scene) -> None:
    await scene.sql("ALTER TABLE grants ADD CHECK (resource <> 'doc:7')")
    status = await scene.run(csv_of_grants(50) + b"user-7,doc:7,read\n")
    assert status["rows"] == {"done": 51, "added": 49, "unchanged": 0, "rejected": 2}
    found = "SELECT array_agg(line) FROM import_rejects WHERE reason = 'refused'"
    assert await scene.sql(found) == [9, 52]


async def test_an_import_that_is_stopped_goes_on_from_its_checkpoint(scene: Scene) -> None:
    content = csv_of_grants(60_000)
    import_id = await scene.accept(content)
    stop = asyncio.Event()

    class StopAtOnce(Watcher):
        def committed(self, _: Checkpoint) -> None:
            stop.set()

    assert not await scene.runner.run(await scene.claim(), stop, watcher=StopAtOnce())
    stopped = await scene.status(import_id)
    assert stopped["status"] == "queued"
    assert 0 < stopped["bytes"]["done"] < len(content)
    assert await scene.sql(COUNT) == stopped["rows"]["added"]
    assert await scene.runner.run(await scene.claim(), asyncio.Event())
    assert (await scene.status(import_id))["rows"]["added"] == 60_000
    assert await scene.sql(COUNT) == 60_000


async def test_who_was_taken_over_commits_nothing(scene: Scene) -> None:
    await scene.accept(csv_of_grants(100))
    late = await scene.claim()
    await scene.sql("UPDATE imports SET lease_until = now() - interval '1 second'")
    await scene.claim()
    with pytest.raises(FencedError):
        await scene.runner.run(late, asyncio.Event())
    assert await scene.sql(COUNT) == 0
    fenced = {"import.batch.outcome": "fenced"}
    assert scene.captured.sample(signals.IMPORT_BATCH_DURATION, fenced) == 1


async def test_a_commit_whose_answer_was_lost_is_not_done_twice(scene: Scene) -> None:
    """The transaction commits and then says that it did not: the next try finds out."""
    pool: Any = scene.pool
    acquire = pool.transaction
    lost: list[bool] = []

    class Losing:
        def __init__(self) -> None:
            self._inner = acquire()

        async def __aenter__(self) -> Any:  # noqa: ANN401  # asyncpg's
            return await self._inner.__aenter__()

        async def __aexit__(self, *raised: object) -> None:
            await self._inner.__aexit__(*raised)
            if not lost and raised[0] is None:
                lost.append(True)
                message = "The answer was lost."
                raise Unavailable(message)

    content = csv_of_grants(20_000)
    import_id = await scene.accept(content)
    claim = await scene.claim()
    pool.transaction = Losing
    try:
        assert await scene.runner.run(claim, asyncio.Event())
    finally:
        del pool.transaction
    assert lost
    rows = (await scene.status(import_id))["rows"]
    assert rows == {"done": 20_000, "added": 20_000, "unchanged": 0, "rejected": 0}
    assert await scene.sql(COUNT) == 20_000
    assert "import.waiting" in scene.captured.events()


async def test_a_file_that_was_changed_is_not_imported(scene: Scene) -> None:
    import_id = await scene.accept(csv_of_grants(10))
    for file in scene.folder.iterdir():
        file.write_bytes(csv_of_grants(10, user="mallory"))
    assert not await scene.runner.run(await scene.claim(), asyncio.Event())
    status = await scene.status(import_id)
    assert (status["status"], status["error"]) == ("failed", "SourceError")
    assert await scene.sql(COUNT) == 0
    assert scene.captured.line("import.failed")["error.type"].endswith("SourceError")
    # The right file comes back: the same import, tried again.
    assert (await scene.run(csv_of_grants(10)))["status"] == "done"
    assert await scene.sql(COUNT) == 10


async def test_an_import_that_never_moves_fails_in_the_end(scene: Scene) -> None:
    import_id = await scene.accept(csv_of_grants(10))
    await scene.sql("UPDATE imports SET fruitless = 5")
    assert not await scene.runner.run(await scene.claim(), asyncio.Event())
    assert (await scene.status(import_id))["error"] == "ExhaustedError"


@pytest.mark.parametrize("content", [b"", b"\n\n", b'{"user":"ann"}'])
async def test_small_files_end_too(scene: Scene, content: bytes) -> None:
    status = await scene.run(content, "users", format_=Format.NDJSON)
    assert (status["status"], status["rows"]["added"]) == ("done", content.count(b"{"))


async def test_a_header_alone_is_a_whole_file(scene: Scene) -> None:
    status = await scene.run(b"user\n", "users")
    assert (status["status"], status["bytes"]["done"]) == ("done", 5)


async def test_every_row_is_on_the_audit_trail_in_its_transaction(scene: Scene) -> None:
    await scene.run(csv_of_grants(10))
    actions = await scene.sql("SELECT array_agg(action ORDER BY id) FROM audit_entries")
    assert actions == ["import.accept", "import.rows", "import.finish"]
    added = "SELECT sum((details->>'added')::int) FROM audit_entries"
    assert await scene.sql(added) == 10


async def test_what_is_told_holds_no_name(scene: Scene) -> None:
    await scene.run(b"user,resource,action\nann.secret,vault.secret,read\nx.secret,,read\n")
    told = str(scene.captured.logs()) + str(
        [(span.name, dict(span.attributes or {})) for span in scene.captured.spans()]
    )
    assert "secret" not in told
    line = scene.captured.line("import.finished")
    assert (line[signals.IMPORT_ROWS], line[signals.IMPORT_REJECTED]) == (2, 1)
    assert scene.captured.sample(signals.IMPORT_CHECKPOINT_AGE) == 0
    scene.captured.require_declared()


def test_the_pace_follows_the_database() -> None:
    pace = Pace()
    for _ in range(20):
        pace.committed(0.001, was_full=True)
    assert pace.size == LARGEST_BYTES
    pace.committed(0.001, was_full=False)
    assert pace.size == LARGEST_BYTES
    for _ in range(20):
        pace.committed(5.0, was_full=True)
    assert pace.size == SMALLEST_BYTES
    assert [pace.failed() <= longest for longest in (0.2, 0.4, 0.8)] == [True] * 3
    assert all(pace.failed() <= 5.0 for _ in range(40))
