"""`python -m app import` as its users run it, and the worker beside it."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.batches.kinds import Reason
from app.batches.ledger import Checkpoint, Counts
from app.batches.portions import Position, Reject
from app.batches.progress import ProgressLine
from app.batches.rejects_file import RejectsFile
from tests.app.batches.conftest import Scene, csv_of_grants

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment(database_url: str, cache_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_METRICS_PORT": "0",
        "SIGHTLINE_IMPORT_FOLDER": str(tmp_path / "imports"),
        "SIGHTLINE_POLL_SECONDS": "0.05",
        "OTEL_SDK_DISABLED": "true",
        "SIGHTLINE_PSEUDONYM_KEY": "a key that is only for these tests",
    }


async def run(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "import", *words),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_file_is_imported_with_a_line_that_needs_no_terminal(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "grants.csv"
    file.write_bytes(csv_of_grants(1_000) + b"bad row\n")
    rejects = tmp_path / "rejects.ndjson"
    code, out, err = await run(
        environment, str(file), "--kind", "grants", "--rejects", str(rejects)
    )
    assert code == 3, err  # some rows were rejected
    assert "[##############################] 100.0%  1,001 rows, 1,000 added" in err
    assert "\r" not in err
    reject = {"line": 1_002, "column": None, "reason": "column_count"}
    assert [json.loads(raw) for raw in rejects.read_text().splitlines()] == [reject]
    events = [json.loads(raw)["event"] for raw in out.splitlines()]
    assert events == ["import.accepted", "import.started", "import.finished"]
    code, _, err = await run(environment, str(file), "--kind", "grants")
    assert (code, "imported before" in err) == (0, True)
    code, _, err = await run(environment, str(file), "--kind", "grants", "--again")
    assert (code, "1,000 unchanged" in err) == (3, True)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.csv", None, "cannot be read (FileNotFoundError)"),
        ("grants.txt", b"", "say --format"),
        ("grants.csv", b"who,what\n", "2 unknown columns"),
    ],
)
async def test_what_cannot_be_imported_is_one_line(
    environment: dict[str, str], tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, _, err = await run(environment, str(tmp_path / name), "--kind", "grants")
    assert (code, len(err.splitlines())) == (1, 1)
    assert err.startswith("sightline-import: ")
    assert said in err


async def test_rejects_that_cannot_be_written_are_told_before_anything_is_on_record(
    environment: dict[str, str], tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "grants.csv"
    file.write_bytes(csv_of_grants(1))
    rejects = tmp_path / "nowhere" / "rejects.ndjson"
    code, _, err = await run(environment, str(file), "--kind", "grants", "--rejects", str(rejects))
    assert (code, err) == (
        1,
        f"sightline-import: {rejects} cannot be written (FileNotFoundError)\n",
    )
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM imports") == 0
    await connection.close()


async def test_the_worker_runs_what_was_accepted(
    environment: dict[str, str], scene: Scene, eventually: Eventually
) -> None:
    import_id = await scene.accept(csv_of_grants(5_000))
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "worker"),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    async def is_done() -> bool:
        return bool((await scene.status(import_id))["status"] == "done")

    await eventually(is_done)
    worker.send_signal(signal.SIGTERM)
    out, err = await worker.communicate()
    assert (worker.returncode, err) == (0, b"")
    assert b'"import.finished"' in out
    assert await scene.sql("SELECT count(*) FROM grants") == 5_000


def checkpoint(offset: int, line: int = 1, *, rows: int = 0) -> Checkpoint:
    return Checkpoint(Position(offset, line), Counts(added=rows))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_is_redrawn_in_a_terminal_and_counts_from_where_it_began() -> None:
    now = 100.0
    out = Terminal()
    line = ProgressLine(out, 1_000, clock=lambda: now)
    line.begin(checkpoint(500, 11, rows=10))
    now = 102.0
    line.committed(checkpoint(750, 21, rows=30))
    line.end()
    assert "resuming at line 11" in out.getvalue()
    assert out.getvalue().count("\r") == 2
    assert " 75.0%  30 rows" in out.getvalue()
    assert "10 rows/s" in out.getvalue()


def test_without_a_terminal_it_is_a_line_a_tenth() -> None:
    out = io.StringIO()
    line = ProgressLine(out, 1_000)
    line.begin(checkpoint(0))
    for offset in range(1, 1_001):
        line.committed(checkpoint(offset, rows=offset))
    assert len(out.getvalue().splitlines()) == 11


def test_the_rejects_file_has_each_once_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "rejects"

    def lines() -> list[int]:
        return [json.loads(raw)["line"] for raw in path.read_text().splitlines()]

    def reject(line: int) -> Reject:
        return Reject(line, None, Reason.QUOTING)

    with RejectsFile(path, 1) as file:
        file.put([reject(3)])
        file.committed()
        file.put([reject(9), reject(12)])
        file.put([reject(9)])  # the commit failed: a smaller portion is tried
        assert lines() == [3, 9]
    with path.open("ab") as torn:
        torn.write(b'{"line":1')
    with RejectsFile(path, 8) as file:  # the checkpoint was before line 8
        file.put([reject(9), reject(12)])
        file.committed()
    assert lines() == [3, 9, 12]
    with RejectsFile(path, 1):  # imported again, from its beginning
        assert lines() == []
