"""`python -m app keys` as its keeper runs it, and the service that hears of it."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

from app.database.pool import DatabasePool
from app.security.key_ring import TRUSTED_SECONDS
from tests.faults.web_process import WebProcess, web_process

GRANT = {"user": "alice", "resource": "ledger", "action": "read"}


async def keys(database_url: str, *arguments: str) -> tuple[int, str, str]:
    environment = {"PATH": os.environ["PATH"], "SIGHTLINE_DATABASE_URL": database_url}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "keys", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def status(web: WebProcess, key: str) -> int:
    async with httpx.AsyncClient(headers={"X-API-Key": key}) as client:
        url = f"http://127.0.0.1:{web.port}/grants"
        return (await client.request("DELETE", url, json=GRANT)).status_code


async def test_a_service_lives_on_keys_of_the_database_alone(
    database_url: str, cache_url: str, tmp_path: Path
) -> None:
    code, out, _ = await keys(database_url, "create", "ops", "--role", "manage")
    assert code == 0
    key_id, key = (line.split()[1] for line in out.splitlines()[:2])
    settings = {
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_API_KEYS": "",
    }
    async with web_process(settings, tmp_path) as web:
        assert await status(web, key) == 404
        code, out, err = await keys(database_url, "revoke", key_id)
        assert (code, out, err) == (0, f"{key_id} is revoked\n", "")
        revoked = asyncio.get_running_loop().time()
        while await status(web, key) != 401:  # noqa: ASYNC110  # another process has no Event
            await asyncio.sleep(0.02)
        seconds = asyncio.get_running_loop().time() - revoked
        log = web.log
    print(f"\nrefused {seconds:.2f} s after its revocation")  # noqa: T201  # the promise's figure
    assert seconds < TRUSTED_SECONDS
    assert key not in log


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["create", "ops"], 2, "--role"),
        (["create", "ops", "--role", "root"], 2, "invalid choice"),
        (["create", "", "--role", "check"], 2, "printable"),
        (["create", "ops", "--role", "check", "--days", "0"], 2, "whole number"),
        (["revoke", "0123"], 1, "no valid key"),
    ],
)
async def test_what_cannot_be_done_is_said(
    arguments: list[str], code: int, told: str, database_url: str
) -> None:
    returned, out, err = await keys(database_url, *arguments)
    assert (returned, out) == (code, "")
    assert told in err


async def test_what_is_done_is_on_record_as_the_commands(
    database_url: str, pool: DatabasePool
) -> None:
    assert (await keys(database_url, "create", "ops", "--role", "check"))[0] == 0
    async with pool.acquire() as connection:
        entry = await connection.fetchrow("SELECT actor, action, service FROM audit_entries")
    assert tuple(entry) == ("command line", "key.create", "sightline-keys")


async def test_without_a_database_it_is_one_line() -> None:
    code, _, err = await keys("postgresql://user:hush@127.0.0.1:1/hush", "list")
    assert code == 1
    assert "127.0.0.1:1 does not answer" in err
    assert err.count("\n") == 1
    assert "hush" not in err
