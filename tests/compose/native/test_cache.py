import asyncio
import contextlib
from pathlib import Path

import pytest

from compose.native.guard import Guard
from compose.native.processes import Identity, wait_gone
from compose.native.provision.cache import only_run, put, scratch
from compose.native.provision.command import CommandError, run_command
from compose.native.provision.relocate import relocate


async def test_the_second_run_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []
    waits = asyncio.Event()

    async def second() -> None:
        async with only_run(tmp_path / "lock", waits.set):
            order.append("second")

    async with only_run(tmp_path / "lock", lambda: order.append("never")):
        waiting = asyncio.create_task(second())
        await waits.wait()
        order.append("first")
    await waiting
    assert order == ["first", "second"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    left = scratch(tmp_path, "thing")
    (left / "half").write_text("half a download")
    again = scratch(tmp_path, "thing")
    assert not left.exists()
    assert list(again.iterdir()) == []


def test_a_thing_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "place"
    for content in ("old", "new"):
        made = tmp_path / "made"
        made.mkdir()
        (made / "content").write_text(content)
        put(made, place)
    assert (place / "content").read_text() == "new"


async def test_a_command_that_fails_tells_its_last_line() -> None:
    words = ("sh", "-c", "echo first >&2; echo the reason >&2; exit 3")
    with Guard() as guard, pytest.raises(CommandError, match=r"^the reason$"):
        await run_command(words, guard)


async def test_a_cancelled_command_is_ended() -> None:
    pids: asyncio.Queue[str] = asyncio.Queue()
    with Guard() as guard:
        words = ("sh", "-c", "echo $$ >&2; sleep 1000")
        running = asyncio.create_task(run_command(words, guard, line=pids.put_nowait))
        identity = Identity.of(int(await pids.get()))
        assert identity is not None
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert wait_gone([identity], 0)


def test_a_program_finds_its_files_where_it_was_unpacked(tmp_path: Path) -> None:
    (tmp_path / "usr" / "bin").mkdir(parents=True)
    files = tmp_path / "usr" / "share" / "prometheus" / "alertmanager"
    files.mkdir(parents=True)
    (files / "default.tmpl").write_text("the template")
    program = tmp_path / "usr" / "bin" / "program"
    program.write_text(
        '#!/bin/sh\necho "$@"; cat /usr/share/prometheus/alertmanager/default.tmpl\n'
    )
    program.chmod(0o755)
    other = tmp_path / "usr" / "bin" / "other"
    other.write_text("#!/bin/sh\n")
    before = program.stat().st_size

    relocate(tmp_path)

    assert program.with_name("program.relocated").stat().st_size == before
    assert other.read_text() == "#!/bin/sh\n"
    assert asyncio.run(_printed(program)) == "a b\nthe template"


async def _printed(program: Path) -> str:
    with Guard() as guard:
        return await run_command((str(program), "a", "b"), guard, cwd=Path("/"))
