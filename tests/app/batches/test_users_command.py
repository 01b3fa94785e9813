"""`python -m app users`: the command as its users have it, and what it says."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment(database_url: str, cache_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "OTEL_SDK_DISABLED": "true",
        "SIGHTLINE_PSEUDONYM_KEY": "a key that is only for these tests",
    }


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-m", "app", "users", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def test_a_file_of_users_is_offboarded(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO grants (user_id, resource, action, granted_by)"
        " SELECT 'user-' || n, 'doc', 'read', 'ops' FROM generate_series(1, 1500) n"
    )
    listed = tmp_path / "leavers.txt"
    listed.write_text("".join(f"user-{number}\n" for number in range(1, 1_201)) + "\n")
    done = run(environment, "offboard", "--file", str(listed), "--as", "hr")
    assert done.returncode == 0, done.stderr
    assert "1,200 done, 0 failed of 1,200" in done.stderr
    assert await connection.fetchval("SELECT count(*) FROM grants") == 300
    by_whom = "SELECT DISTINCT actor FROM audit_entries WHERE action = 'grant.revoke'"
    assert await connection.fetchval(by_whom) == "hr"
    await connection.close()


async def test_everybody_is_reviewed(environment: dict[str, str], database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO directory_users VALUES ('a', 'ops'), ('b', 'ops')")
    done = run(environment, "review", "--all", "--recipient", "auditor@example.com")
    assert done.returncode == 0, done.stderr
    assert await connection.fetchval("SELECT count(*) FROM report_jobs") == 2
    await connection.close()


def test_what_cannot_be_is_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("fit\n\x01unfit\n")
    for words, expected in (
        (("offboard", "--all"), "only those whom a --file names"),
        (("review", "--all"), "a review has a --recipient"),
        (("review", "--all", "--recipient", "nobody"), "the recipient is"),
        (("offboard", "--file", str(tmp_path / "none")), "cannot be read (FileNotFoundError)"),
        (("offboard", "--file", str(wrong)), "line 2 of the file"),
    ):
        failed = run(environment, *words)
        assert failed.returncode == 1, failed.stderr
        [line] = [line for line in failed.stderr.splitlines() if line.startswith("sightline-users")]
        assert expected in line
