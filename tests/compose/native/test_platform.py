"""The whole platform: what it offers, and that nothing of it is left."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from compose.native.folder import RunFolder, named
from compose.native.ports import Ports
from compose.native.processes import Identity, descendants, wait_gone
from compose.native.run import Platform, PlatformOptions
from compose.native.tools import Tools

pytestmark = pytest.mark.platform

_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE_SECONDS = 120.0


def _only_logs_are_left(folder: Path) -> bool:
    return {path.name for path in folder.iterdir()} == {"lock", "logs"}


def _children() -> list[Identity]:
    ourselves = Identity.of(os.getpid())
    return descendants(ourselves) if ourselves else []


async def _until(happened: Callable[[], Any]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await happened():  # noqa: ASYNC110  # another process has no Event
            await asyncio.sleep(0.1)


async def _service_is_narrow(platform: Platform) -> None:
    """Web and worker are connected as a user that cannot change the audit trail."""
    owner = await asyncpg.connect(platform.owner_url)
    users = await owner.fetch(
        "SELECT application_name, usename, rolsuper FROM pg_stat_activity"
        " JOIN pg_roles ON rolname = usename WHERE application_name LIKE 'sightline-%'"
    )
    await owner.close()
    assert {tuple(row) for row in users} == {
        ("sightline-web", "sightline_app", False),
        ("sightline-worker", "sightline_app", False),
    }
    connection = await asyncpg.connect(platform.database_url)
    for statement in (
        "UPDATE audit_entries SET actor = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(statement)
    await connection.close()


async def test_the_platform_serves_is_watched_and_goes(tmp_path: Path) -> None:
    options = PlatformOptions(run_dir=tmp_path / "run", ports=Ports.free(), scale=60)
    servers_of_other_tests = set(_children())
    async with Platform(options) as platform, httpx.AsyncClient(trust_env=False) as client:
        platform.check()
        urls = platform.urls
        key = {"Authorization": f"Bearer {platform.api_key}"}
        check = {"user": "alice", "resource": "document:1", "action": "read"}
        answer = await client.post(f"{urls['web']}/permissions/check", json=check, headers=key)
        assert answer.json()["allowed"] is False
        refused = await client.post(f"{urls['web']}/permissions/check", json=check)
        assert refused.status_code == 401

        async def targets_up() -> bool:
            found = await client.get(f"{urls['prometheus']}/api/v1/targets?state=active")
            targets = found.json()["data"]["activeTargets"]
            return bool(targets) and all(target["health"] == "up" for target in targets)

        await _service_is_narrow(platform)
        await _until(targets_up)  # that of every part that has metrics
        await _until(platform.webhooks)  # the Watchdog
        assert {"web", "worker", "postgres", "prometheus"} <= set(platform.start_times)
        assert all(size > 0 for size in platform.peak_memory().values())

        await platform.stop_part("worker")
        await platform.start_part("worker")
        children = set(await asyncio.to_thread(_children)) - servers_of_other_tests
        assert len(children) > 8
    assert wait_gone(list(children), 0)
    assert platform.peak_memory()["web"] > 0
    options.ports.require_free()
    assert _only_logs_are_left(tmp_path / "run")


async def test_without_jaeger_the_traces_go_to_a_file(tmp_path: Path) -> None:
    usual = Tools()

    class WithoutJaeger(Tools):
        def look(self, name: str) -> Path | None:
            return None if name == "jaeger" else usual.look(name)

    ports = Ports.free()
    options = PlatformOptions(run_dir=tmp_path / "run", ports=ports, tools=WithoutJaeger())
    async with Platform(options) as platform, httpx.AsyncClient(trust_env=False) as client:
        assert "jaeger" not in platform.urls
        traces = platform.traces_file
        assert traces is not None
        key = {"Authorization": f"Bearer {platform.api_key}"}
        await client.get(f"{platform.urls['web']}/no-such-route", headers=key)

        async def written() -> bool:
            return traces.exists() and "resourceSpans" in traces.read_text()

        await _until(written)


@contextmanager
def _up(name: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "compose", "up", "--free-ports", f"--name={name}", *words]
    process = subprocess.Popen(  # noqa: S603  # our own words
        command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
        RunFolder(named(name)).wait_free(_PATIENCE_SECONDS)
        shutil.rmtree(named(name), ignore_errors=True)


def _compose(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose", *words]
    return subprocess.run(  # noqa: S603  # our own words
        command, cwd=_ROOT, capture_output=True, text=True, check=False
    )


def _ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "ready after" in line and "Ctrl-C" in line:
            return
    raise AssertionError("".join(lines))


def test_up_runs_once_and_down_ends_it() -> None:
    name = f"test-down-{os.getpid()}"
    with _up(name) as process:
        _ready(process)
        second = _compose("up", "--free-ports", f"--name={name}")
        assert second.returncode == 1
        assert f"(process {process.pid}): python -m compose down" in second.stderr
        ports = json.loads(RunFolder(named(name)).state.read_text())["ports"]
        stopped = _compose("down", f"--name={name}")
        assert (stopped.returncode, stopped.stdout) == (0, "stopped\n")
        assert process.wait(_PATIENCE_SECONDS) == 0
        Ports(**ports).require_free()
        assert _only_logs_are_left(named(name))
        assert _compose("down", f"--name={name}").stdout == "nothing is running\n"


@pytest.mark.parametrize("when", ["ready", "starting"])
def test_a_killed_up_leaves_nothing(when: str) -> None:
    name = f"test-kill-{when}-{os.getpid()}"
    folder = RunFolder(named(name))
    with _up(name) as process:
        if when == "ready":
            _ready(process)
        else:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not (folder.logs / "initdb.log").exists():
                assert time.monotonic() < deadline
                time.sleep(0.01)
        ports = json.loads(folder.state.read_text())["ports"]
        identity = Identity.of(process.pid)
        assert identity is not None
        children = descendants(identity)
        assert children
        process.kill()
        assert folder.wait_free(_PATIENCE_SECONDS)
        assert wait_gone(children, _PATIENCE_SECONDS)
        Ports(**ports).require_free()
        assert _only_logs_are_left(folder.root)
