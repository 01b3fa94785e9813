import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from compose.native.errors import PartFailedError, RunError
from compose.native.guard import Guard, held
from compose.native.part import Part
from compose.native.processes import Identity
from compose.native.progress import Silent
from compose.native.supervisor import Supervisor
from tests.compose.native import tiny


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    (tmp_path / "logs").mkdir()
    with Guard() as started:
        yield started


@asynccontextmanager
async def _supervised(guard: Guard, folder: Path, *parts: Part) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(parts, logs=folder / "logs", guard=guard, progress=Silent())
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def test_parts_start_after_their_needs_and_stop_before_them(
    guard: Guard, tmp_path: Path
) -> None:
    parts = (
        tiny.part("roof", tmp_path, "wall"),
        tiny.part("wall", tmp_path, "ground"),
        tiny.part("ground", tmp_path),
    )
    async with _supervised(guard, tmp_path, *parts) as supervisor:
        await supervisor.start()
        assert set(supervisor.start_seconds) == {"ground", "wall", "roof"}
    assert tiny.journal(tmp_path) == [
        *("start ground", "start wall", "start roof"),
        *("stop roof", "stop wall", "stop ground"),
    ]


async def test_parts_without_a_need_of_each_other_start_side_by_side(
    guard: Guard, tmp_path: Path
) -> None:
    """Each of the two ends only when it has met the other."""
    meet = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
while not other.exists():
    time.sleep(0.01)
"""
    left, right = str(tmp_path / "left"), str(tmp_path / "right")
    command = tiny.task(meet).command
    parts = (
        Part("left", (*command, left, right), ready=None),
        Part("right", (*command, right, left), ready=None),
    )
    async with _supervised(guard, tmp_path, *parts) as supervisor:
        await supervisor.start()
        assert supervisor.running() == {}


async def test_a_part_that_dies_early_is_named_with_its_last_lines(
    guard: Guard, tmp_path: Path
) -> None:
    dying = tiny.server(tmp_path, "print('all is lost'); raise SystemExit(3)")
    parts = (tiny.part("ground", tmp_path), dying)
    async with _supervised(guard, tmp_path, *parts) as supervisor:
        with pytest.raises(PartFailedError) as caught:
            await supervisor.start()
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("server ended before it was ready (status 3); its log is ")
    assert lines[1:] == ["  | all is lost"]


async def test_a_part_that_is_never_ready_is_given_up(guard: Guard, tmp_path: Path) -> None:
    slow = tiny.server(tmp_path, "import signal; signal.pause()", start_seconds=0.2)
    async with _supervised(guard, tmp_path, slow) as supervisor:
        with pytest.raises(PartFailedError, match="server was not ready within 0 s"):
            await supervisor.start()
        pid = supervisor.pid("server")
    assert Identity.of(pid) is None


async def test_a_task_that_fails_is_named(guard: Guard, tmp_path: Path) -> None:
    async with _supervised(guard, tmp_path, tiny.task("raise SystemExit(4)")) as parts:
        with pytest.raises(PartFailedError, match=r"task failed \(status 4\)"):
            await parts.start()


async def test_a_program_that_is_not_there_is_named(guard: Guard, tmp_path: Path) -> None:
    absent = Part("absent", (str(tmp_path / "no-such"),), ready=None)
    async with _supervised(guard, tmp_path, absent) as supervisor:
        with pytest.raises(
            PartFailedError, match=r"absent does not start: there is no program .*no-such"
        ):
            await supervisor.start()


async def test_a_death_after_the_start_is_found(guard: Guard, tmp_path: Path) -> None:
    async with _supervised(guard, tmp_path, tiny.part("only", tmp_path)) as supervisor:
        await supervisor.start()
        supervisor.check()
        os.kill(supervisor.pid("only"), signal.SIGKILL)
        with pytest.raises(PartFailedError, match=r"only ended by itself \(SIGKILL\)"):
            await asyncio.wait_for(_check_for_ever(supervisor), 20)


async def _check_for_ever(supervisor: Supervisor) -> None:
    while True:
        supervisor.check()
        await tiny.settle()


async def test_a_part_is_stopped_and_started_again(guard: Guard, tmp_path: Path) -> None:
    async with _supervised(guard, tmp_path, tiny.part("only", tmp_path)) as supervisor:
        await supervisor.start()
        first = supervisor.pid("only")
        await supervisor.stop_part("only")
        supervisor.check()  # stopped on purpose: nothing to complain about
        with pytest.raises(RunError, match="only is not running"):
            await supervisor.stop_part("only")
        await supervisor.start_part("only")
        assert supervisor.pid("only") != first
        with pytest.raises(RunError, match="only is running already"):
            await supervisor.start_part("only")
    assert tiny.journal(tmp_path) == ["start only", "stop only"] * 2


async def test_a_paused_part_is_stopped_too(guard: Guard, tmp_path: Path) -> None:
    async with _supervised(guard, tmp_path, tiny.part("only", tmp_path)) as supervisor:
        await supervisor.start()
        os.kill(supervisor.pid("only"), signal.SIGSTOP)
    assert tiny.journal(tmp_path) == ["start only", "stop only"]


async def test_a_part_that_will_not_stop_is_killed_with_its_children(
    guard: Guard, tmp_path: Path
) -> None:
    async with _supervised(guard, tmp_path, tiny.deaf(tmp_path)) as supervisor:
        await supervisor.start()
        parent = supervisor.pid("deaf")
        child = int(supervisor.log_path("deaf").read_text().split()[1])
    for pid in (parent, child):
        identity = Identity.of(pid)
        assert identity is None or not identity.alive()


async def test_an_unknown_part_is_named(guard: Guard, tmp_path: Path) -> None:
    async with _supervised(guard, tmp_path, tiny.part("only", tmp_path)) as supervisor:
        with pytest.raises(RunError, match="there is no part 'other': use one of only"):
            await supervisor.start_part("other")


async def test_parts_inherit_nothing_that_would_change_them(
    guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("PGHOST", "elsewhere.example")
    code = (
        "import os; raise SystemExit('OTEL_SDK_DISABLED' in os.environ or 'PGHOST' in os.environ)"
    )
    async with _supervised(guard, tmp_path, tiny.task(code)) as supervisor:
        await supervisor.start()


async def test_a_held_process_ends_when_nobody_lets_it_go(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    process = await asyncio.create_subprocess_exec(
        *held(("touch", str(mark))), stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 1
    assert not mark.exists()
