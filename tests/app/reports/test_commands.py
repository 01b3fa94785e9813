"""`python -m app reports` as an operator runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.reports.conftest import Scene
from tests.servers import PostgresServer, create_database

ROOT = Path(__file__).parents[3]


def run(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # ours
        [sys.executable, "-m", "app", "reports", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SIGHTLINE_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_dead_reports_are_listed_and_replayed(scene: Scene, database_url: str) -> None:
    scene.mailbox.rcpt_answer = "550 5.1.1 unknown"
    task_id = await scene.schedule()
    async with scene.working():
        await scene.reached(task_id, "dead")
    listed = run(database_url, "dead")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.startswith(str(task_id))
    assert "auditor" not in listed.stdout
    replayed = run(database_url, "replay", str(task_id))
    assert (replayed.returncode, replayed.stdout) == (0, f"{task_id}\n")
    async with scene.pool.acquire() as connection:
        service = "SELECT service FROM audit_entries WHERE actor = 'operator'"
        assert await connection.fetchval(service) == "sightline-reports"
    again = run(database_url, "replay", str(task_id))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "sightline-reports: The report is neither dead nor cancelled.\n"
    assert run(database_url, "replay", "--all").stdout == ""


@pytest.mark.parametrize("arguments", [("dead",), ("replay", "--all")])
async def test_a_database_without_tables_is_one_line(
    postgres: PostgresServer, arguments: tuple[str, ...]
) -> None:
    name = f"without_reports_{arguments[0]}"
    await create_database(postgres, name)
    told = run(postgres.url(name), *arguments)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.endswith("the database has no reports yet: run python -m app migrate\n")
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("replay",), ("replay", "x", "--all")])
def test_a_wrong_use_is_told(database_url: str, arguments: tuple[str, ...]) -> None:
    wrong = run(database_url, *arguments)
    assert wrong.returncode == 2
    assert "usage:" in wrong.stderr
