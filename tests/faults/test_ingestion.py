"""An import and what kills it: real processes, SIGKILL, PostgreSQL gone in the middle.

The ledger is the test's own: it made the file, so it knows each row that must be there afterwards
and each line that must be among the rejects, exactly once.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.database.migrations import migrate
from tests.faults.form import LONG
from tests.servers import PostgresServer, create_database

ROOT = Path(__file__).parents[2]
ROWS = 1_000_000 if LONG else 120_000
KILLS = 20 if LONG else 5
WATCHDOG_SECONDS = 600.0
BAD_EVERY = 1_000
DONE_BEFORE = 0
SOME_REJECTED = 3


@dataclass(frozen=True)
class Ledger:
    """A file, and all that must come of it."""

    path: Path
    rows: int
    bad_lines: list[int]


def write_file(path: Path, rows: int) -> Ledger:
    """Write so many good rows, some of them quoted, with a bad one now and then."""
    bad_lines: list[int] = []
    line = 1
    with path.open("w", newline="") as file:
        file.write("user,resource,action\r\n")
        for number in range(rows):
            line += 1
            quoted = number % 501 == 0
            user = f'"user, {number}"' if quoted else f"user-{number}"
            file.write(f"{user},doc:{number},read\r\n")
            if number % BAD_EVERY == 7:
                line += 1
                bad_lines.append(line)
                file.write("no such row\r\n")
    return Ledger(path, rows, bad_lines)


@pytest.fixture
def environment(database_url: str, cache_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_LEASE_SECONDS": "1",
        "OTEL_SDK_DISABLED": "true",
        "SIGHTLINE_PSEUDONYM_KEY": "a key that is only for these tests",
    }


def start(ledger: Ledger, environment: dict[str, str]) -> subprocess.Popen[str]:
    rejects = ledger.path.with_suffix(".rejects")
    return subprocess.Popen(  # noqa: S603  # our own
        [
            *(sys.executable, "-m", "app", "import", str(ledger.path)),
            *("--kind", "grants", "--rejects", str(rejects)),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


async def to_its_end(process: subprocess.Popen[str], *codes: int) -> str:
    try:
        _, told = await asyncio.to_thread(process.communicate, timeout=WATCHDOG_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert process.returncode in {SOME_REJECTED, *codes}, told
    return told


async def offset_of(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchval("SELECT max(byte_offset) FROM imports")
    finally:
        await connection.close()
    return int(found or 0)


async def past(url: str, offset: int, process: subprocess.Popen[str]) -> None:
    """Wait until the import has committed beyond `offset`, or is at its end."""
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while process.poll() is None and await offset_of(url) <= offset:  # noqa: ASYNC110  # another process has no Event
            await asyncio.sleep(0.01)


async def hold_to_account(url: str, ledger: Ledger) -> None:
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchrow(
            """
            SELECT count(*) AS rows, count(DISTINCT (user_id, resource)) AS different,
                count(*) FILTER (WHERE substring(user_id FROM '[0-9]+') <>
                    substring(resource FROM '[0-9]+')) AS crossed
            FROM grants
            """
        )
        assert tuple(found) == (ledger.rows, ledger.rows, 0)
        imported = await connection.fetchrow("SELECT * FROM imports")
        assert imported["status"] == "done"
        assert imported["byte_offset"] == ledger.path.stat().st_size
        assert imported["rows_added"] == ledger.rows
        assert imported["rows_unchanged"] == 0  # nothing was offered a second time
        assert imported["rows_rejected"] == len(ledger.bad_lines)
        kept = await connection.fetch("SELECT line FROM import_rejects ORDER BY line")
        assert [row["line"] for row in kept] == ledger.bad_lines[:1_000]
        audited = await connection.fetchval(
            "SELECT sum((details->>'added')::int) FROM audit_entries WHERE action = 'import.rows'"
        )
        assert audited == ledger.rows
    finally:
        await connection.close()
    written = ledger.path.with_suffix(".rejects").read_text().splitlines()
    lines = Counter(json.loads(raw)["line"] for raw in written)
    assert lines == Counter(ledger.bad_lines)


async def test_an_import_that_is_killed_again_and_again_loses_and_doubles_nothing(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    ledger = write_file(tmp_path / "grants.csv", ROWS)
    size = ledger.path.stat().st_size
    kills = 0
    for kill in range(KILLS):
        process = start(ledger, environment)
        begun = await offset_of(database_url)
        target = begun + (size - begun) // (KILLS - kill + 1)
        await past(database_url, min(target, size - 1), process)
        await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311  # anywhere in a portion
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    # The last kill may have come between the import's end and the process's.
    last = start(ledger, environment)
    told = await to_its_end(last, DONE_BEFORE)
    print(f"killed {kills} times at {size} bytes; the last run said: {told.splitlines()[:1]}")  # noqa: T201  # the figure
    assert kills >= KILLS // 2
    await hold_to_account(database_url, ledger)


async def test_an_import_outlives_its_database(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> None:
    """PostgreSQL stops in immediate mode under the import, twice; the same process goes on."""
    server = PostgresServer(tmp_path_factory.mktemp("own")).start()
    try:
        await create_database(server, "own")
        url = server.url("own")
        await migrate(url)
        ledger = write_file(tmp_path / "grants.csv", ROWS)
        process = start(ledger, environment | {"SIGHTLINE_DATABASE_URL": url})
        for _ in range(2):
            await past(url, await offset_of(url), process)
            server.stop(signal.SIGQUIT)
            await asyncio.sleep(0.5)
            server.start()
        await to_its_end(process)
        await hold_to_account(url, ledger)
    finally:
        server.stop()


async def test_the_file_is_never_wholly_in_memory(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """A file ten times as long takes no more memory, but for the allocator's breath."""
    peaks = []
    for rows in (ROWS // 10, ROWS):
        ledger = write_file(tmp_path / f"grants-{rows}.csv", rows)
        process = start(ledger, environment)
        watched, peak = psutil.Process(process.pid), 0
        ended = asyncio.create_task(to_its_end(process))
        while not ended.done():
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            await asyncio.sleep(0.01)
        await ended
        peaks.append(peak)
    size = ledger.path.stat().st_size
    print(f"peaks of {peaks[0]:,} and {peaks[1]:,} bytes for {size:,} bytes of {ROWS:,} rows")  # noqa: T201  # the figure
    # Portions grow to 1 MiB each, two in hand: what they become in memory is some 20 MiB.
    assert peaks[1] - peaks[0] < 48 * 1024 * 1024
