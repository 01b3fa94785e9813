"""`python -m app` as its users run it: real processes, real signals, exit codes."""

import asyncio
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import API_KEY
from tests.servers import PostgresServer, create_database, free_port

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
Environment = dict[str, str]

ROOT = Path(__file__).parents[2]
AUTHORIZED = {"Authorization": f"Bearer {API_KEY}"}


@pytest.fixture
def environment(database_url: str, cache_url: str, tmp_path: Path) -> Environment:
    return {
        "PATH": os.environ["PATH"],
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_HTTP_PORT": str(free_port()),
        "SIGHTLINE_METRICS_PORT": str(free_port()),
        "SIGHTLINE_API_KEYS": json.dumps({"ops": hashlib.sha256(API_KEY.encode()).hexdigest()}),
        "SIGHTLINE_TRACES_FILE": str(tmp_path / "traces.jsonl"),
        "SIGHTLINE_STOP_SECONDS": "8",
        "SIGHTLINE_PSEUDONYM_KEY": "a key that is only for these tests",
    }


def start(process: str, environment: Environment, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # our own
        [sys.executable, "-m", "app", process, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that ends by itself."""
    try:
        out, err = await asyncio.to_thread(process.communicate, timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out, err


async def test_web_serves_until_told_to_stop(
    environment: Environment, eventually: Eventually, tmp_path: Path
) -> None:
    process = start("web", environment)
    base = f"http://127.0.0.1:{environment['SIGHTLINE_HTTP_PORT']}"
    try:
        async with httpx.AsyncClient(base_url=base, headers=AUTHORIZED) as client:

            async def is_ready() -> bool:
                assert process.poll() is None, process.communicate()
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(is_ready)
            check = {"user": "alice", "resource": "ledger", "action": "read"}
            response = await client.post("/permissions/check", json=check)
            assert response.json()["source"] == "database"
            assert "server" not in response.headers
            metrics = f"http://127.0.0.1:{environment['SIGHTLINE_METRICS_PORT']}/metrics"
            assert "authorization_check_duration_seconds" in (await client.get(metrics)).text
    finally:
        process.send_signal(signal.SIGTERM)
        code, out, err = await finished(process)
    assert (code, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert {line["service"] for line in lines} == {"sightline-web"}
    events = [line["event"] for line in lines]
    assert (events[0], events[-1]) == ("service.started", "service.stopped")
    assert events.count("library.message") == 0
    assert "POST /permissions/check" in (tmp_path / "traces.jsonl").read_text()


async def test_web_finishes_the_request_in_hand(
    environment: Environment, eventually: Eventually
) -> None:
    """A body that is still on its way when the signal comes is read and answered."""
    process = start("web", environment)
    port = int(environment["SIGHTLINE_HTTP_PORT"])
    body = b'{"user":"alice","resource":"ledger","action":"read"}'
    try:

        async def is_live() -> bool:
            assert process.poll() is None, process.communicate()
            try:
                async with httpx.AsyncClient() as client:
                    return (await client.get(f"http://127.0.0.1:{port}/livez")).is_success
            except httpx.TransportError:
                return False

        await eventually(is_live)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST /permissions/check HTTP/1.1\r\nHost: x\r\nX-API-Key: {API_KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body[:10])
        await writer.drain()
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        writer.write(body[10:])
        await writer.drain()
        answer = await reader.read()
        writer.close()
    finally:
        code, _, err = await finished(process)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert (code, err) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_worker_stops_when_told(
    number: signal.Signals, environment: Environment, eventually: Eventually
) -> None:
    process = start("worker", environment)
    metrics = f"http://127.0.0.1:{environment['SIGHTLINE_METRICS_PORT']}/metrics"

    async def is_scraped() -> bool:
        assert process.poll() is None, process.communicate()
        try:
            async with httpx.AsyncClient() as client:
                return "report_queue_depth" in (await client.get(metrics)).text
        except httpx.TransportError:
            return False

    try:
        await eventually(is_scraped)
        await asyncio.sleep(0.5)
    finally:
        process.send_signal(number)
        code, out, err = await finished(process)
    assert (code, err) == (0, "")
    assert [json.loads(line)["event"] for line in out.splitlines()] == [
        "service.started",
        "service.stopped",
    ]


async def test_migrate_brings_a_database_up_to_date_once(
    environment: Environment, postgres: PostgresServer
) -> None:
    await create_database(postgres, f"fresh_{os.getpid()}")
    environment["SIGHTLINE_DATABASE_URL"] = postgres.url(f"fresh_{os.getpid()}")
    together = [start("migrate", environment) for _ in range(3)]
    for code, out, err in [await finished(process) for process in together]:
        assert (code, err) == (0, "")
        assert out.startswith("sightline-migrate: the database is at revision ")


async def test_support_finds_the_hash_of_a_name(environment: Environment) -> None:
    key = environment["SIGHTLINE_PSEUDONYM_KEY"].encode()
    code, out, err = await finished(start("pseudonym", environment, "alice"))
    assert (code, err) == (0, "")
    assert out == hmac.new(key, b"alice", hashlib.sha256).hexdigest()[:32] + "\n"


async def test_without_a_key_there_is_no_hash_to_find(environment: Environment) -> None:
    del environment["SIGHTLINE_PSEUDONYM_KEY"]
    code, _, err = await finished(start("pseudonym", environment, "alice"))
    assert code == 2
    assert err.startswith("sightline-pseudonym: SIGHTLINE_PSEUDONYM_KEY is required")


async def test_without_a_key_the_start_warns(environment: Environment) -> None:
    del environment["SIGHTLINE_PSEUDONYM_KEY"]
    environment["SIGHTLINE_DATABASE_URL"] = UNREACHABLE
    _, out, _ = await finished(start("worker", environment))
    assert json.loads(out.splitlines()[0])["event"] == "pseudonym_key.missing"


async def test_an_unexpected_failure_is_a_stack_without_values(
    environment: Environment, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("ALTER TABLE alembic_version RENAME COLUMN version_num TO hush")
    await connection.close()
    code, out, err = await finished(start("web", environment))
    assert code == 1
    assert err.startswith("sightline-web failed:\n")
    assert "asyncpg.exceptions.UndefinedColumnError" in err
    assert "does not exist" not in err
    assert "hush" not in err + out


ONE_CONNECTION = {"SIGHTLINE_DATABASE_POOL_MIN": "1", "SIGHTLINE_DATABASE_POOL_MAX": "1"}
UNREACHABLE = "postgresql://user:hush@127.0.0.1:1/hush"


@pytest.mark.parametrize(
    ("process", "changed", "code", "told"),
    [
        ("web", {"SIGHTLINE_HTTP_PORT": "hush"}, 2, "SIGHTLINE_HTTP_PORT"),
        ("web", {"SIGHTLINE_API_KEYS": ""}, 2, "SIGHTLINE_API_KEYS is required"),
        ("worker", {"SIGHTLINE_LOG_LEVEL": "hush"}, 2, "SIGHTLINE_LOG_LEVEL"),
        ("worker", ONE_CONNECTION, 2, "SIGHTLINE_DATABASE_POOL_MAX must be at least 2"),
        ("migrate", {"SIGHTLINE_DATABASE_URL": ""}, 2, "SIGHTLINE_DATABASE_URL is required"),
        ("web", {"SIGHTLINE_DATABASE_URL": UNREACHABLE}, 1, "127.0.0.1:1 cannot be reached"),
        ("worker", {"SIGHTLINE_DATABASE_URL": UNREACHABLE}, 1, "127.0.0.1:1 cannot be reached"),
        ("migrate", {"SIGHTLINE_DATABASE_URL": UNREACHABLE}, 1, "127.0.0.1:1 cannot be reached"),
    ],
)
async def test_what_keeps_a_process_from_starting_is_one_line(
    process: str, changed: Environment, code: int, told: str, environment: Environment
) -> None:
    returned, out, err = await finished(start(process, environment | changed))
    assert returned == code
    assert err.startswith(f"sightline-{process}: ")
    assert told in err
    assert err.count("\n") == 1
    assert "hush" not in err + out


@pytest.mark.parametrize(
    ("process", "setting"),
    [
        ("web", "SIGHTLINE_HTTP_PORT"),
        ("web", "SIGHTLINE_METRICS_PORT"),
        ("worker", "SIGHTLINE_METRICS_PORT"),
    ],
)
async def test_a_taken_port_is_one_line_that_names_it(
    process: str, setting: str, environment: Environment
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(environment[setting])))
        holder.listen()
        code, _, err = await finished(start(process, environment))
    assert code == 1
    assert err.startswith(f"sightline-{process}: ")
    assert environment[setting] in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("process", ["web", "worker"])
async def test_a_database_without_tables_is_one_line_that_says_what_to_do(
    process: str, environment: Environment, postgres: PostgresServer
) -> None:
    environment["SIGHTLINE_DATABASE_URL"] = postgres.url()
    code, _, err = await finished(start(process, environment))
    assert code == 1
    assert "python -m app migrate" in err
    assert err.count("\n") == 1
