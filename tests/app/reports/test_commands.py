"""`python -m app reports` as an operator runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.database import keys
from app.reports.schedules import ReportSchedules
from tests.app.reports.conftest import ALICE, OPS, Scene
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


async def test_schedules_are_listed_and_ended_whoevers_they_are(
    scene: Scene, database_url: str
) -> None:
    async with scene.pool.transaction() as connection:
        await keys.add(connection, "old", "gone", b"x" * 32, ["manage"], None, None)
        await keys.revoke(connection, "old")
    schedules = ReportSchedules(scene.pool)
    first, second = [
        await schedules.create(ALICE, None, "0 9 1 1 *", "UTC", owned_by=owner)
        for owner in ("gone", OPS)
    ]
    listed = run(database_url, "schedules")
    assert (listed.returncode, listed.stderr) == (0, "")
    due = f"{first.next_due:%Y-%m-%dT%H:%M:%SZ}"
    assert listed.stdout.splitlines() == [
        f"{first.id} {due} gone '0 9 1 1 *' UTC (no valid key)",
        f"{second.id} {due} {OPS} '0 9 1 1 *' UTC",
    ]
    ended = run(database_url, "unschedule", str(first.id))
    assert (ended.returncode, ended.stdout) == (0, f"{first.id}\n")
    assert await schedules.find(first.id, "gone") is None
    again = run(database_url, "unschedule", str(first.id))
    assert (again.returncode, "no such schedule" in again.stderr) == (1, True)
    assert again.stderr.count("\n") == 1
    on_record = "SELECT (actor, object) FROM audit_entries WHERE action = 'report_schedule.remove'"
    assert await scene.sql(on_record) == ("operator", f"report-schedule:{first.id}")


@pytest.mark.parametrize("arguments", [("dead",), ("replay", "--all"), ("schedules",)])
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
