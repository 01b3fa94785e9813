"""The parts that come from elsewhere, really started and stopped, without the service."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from compose.native.folder import RunFolder
from compose.native.guard import Guard
from compose.native.memory import MemoryWatch
from compose.native.part import Part
from compose.native.parts import unprivileged
from compose.native.parts.alertmanager import alerting_files, alertmanager
from compose.native.parts.catchers import inbox, mail
from compose.native.parts.jaeger import jaeger
from compose.native.parts.postgres import postgres
from compose.native.parts.prometheus import prometheus
from compose.native.parts.valkey import valkey
from compose.native.plan import Plan
from compose.native.ports import Ports
from compose.native.processes import with_token
from compose.native.progress import Silent
from compose.native.supervisor import Supervisor
from compose.native.tools import Tools, find

_RULES = """
groups: [{name: own, rules: [{alert: Always, labels: {severity: critical}, expr: vector(1)}]}]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    folder = RunFolder(tmp_path / "run")
    folder.root.mkdir()
    folder.prepare()
    return Plan(folder=folder, ports=Ports.free(), scale=60)


@asynccontextmanager
async def _running(plan: Plan, *parts: Part) -> AsyncIterator[Supervisor]:
    logs = plan.folder.logs
    with Guard(remove=plan.folder.passing) as guard:
        supervisor = Supervisor(parts, logs=logs, guard=guard, progress=Silent())
        try:
            await supervisor.start()
            yield supervisor
        finally:
            await supervisor.stop()
        assert with_token(guard.token) == []
    plan.ports.require_free()


async def test_the_databases_serve_with_the_runs_password_only(plan: Plan) -> None:
    tools = Tools()
    async with _running(plan, *postgres(plan, tools), valkey(plan, tools)) as supervisor:
        connection = await asyncpg.connect(plan.owner_url)
        assert await connection.fetchval("SELECT current_database()") == "sightline"
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(plan.owner_url.replace(plan.database_password, "wrong"))
        assert await _valkey(plan, "PING") == b"-NOAUTH Authentication required.\r\n"
        assert await _valkey(plan, f"AUTH {plan.cache_password}") == b"+OK\r\n"

        peaks = MemoryWatch(supervisor.running).peaks()
        assert peaks["postgres"] > 10 * 2**20  # its children counted
        assert peaks["valkey"] > 2**20


async def test_what_is_stored_survives_a_restart_of_the_database(plan: Plan) -> None:
    async with _running(plan, *postgres(plan, Tools())) as supervisor:
        connection = await asyncpg.connect(plan.owner_url)
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        await connection.close()
        await supervisor.stop_part("postgres")
        await supervisor.start_part("postgres")
        connection = await asyncpg.connect(plan.owner_url)
        assert await connection.fetchval("SELECT number FROM kept") == 7
        await connection.close()


async def _valkey(plan: Plan, request: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", plan.ports.valkey)
    writer.write(f"{request}\r\n".encode())
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_an_alert_goes_from_prometheus_to_mailbox_and_inbox(plan: Plan) -> None:
    """With the shipped configuration and routing, and one rule of this test's own."""
    tools = Tools()
    watching = replace(prometheus(plan, tools), needs=("alertmanager", "own-rule"))
    own_rule = Part(
        "own-rule",
        ("sh", "-c", f"echo '{_RULES}' > {plan.alert_files}/rules.yaml"),
        ready=None,
        needs=("rules",),
    )
    parts = (
        *(mail(plan), inbox(plan), alerting_files(plan), own_rule),
        *(alertmanager(plan, tools), watching),
    )
    async with _running(plan, *parts), httpx.AsyncClient(trust_env=False) as client:

        async def arrived() -> tuple[list[dict[str, object]], list[dict[str, object]]]:
            posted = (await client.get(plan.url(plan.ports.inbox, "/alerts"))).json()
            mails = (await client.get(plan.url(plan.ports.mail, "/api/messages"))).json()
            return posted, mails

        async with asyncio.timeout(60):
            while not all(await arrived()):  # noqa: ASYNC110  # another process has no Event
                await asyncio.sleep(0.1)
        posted, mails = await arrived()
    payload = posted[0]["payload"]
    assert isinstance(payload, dict)
    assert payload["commonLabels"]["alertname"] == "Always"
    assert "Always" in str(mails[0]["subject"])


async def test_jaeger_serves_its_api(plan: Plan) -> None:
    binary = Tools().look("jaeger")
    if binary is None:
        pytest.skip("Jaeger is optional, and not here")
    async with _running(plan, jaeger(plan, binary)), httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(plan.url(plan.ports.jaeger, "/api/services"))
        assert answer.json()["errors"] is None
        assert "jaeger" in (await client.get(plan.url(plan.ports.jaeger_metrics, "/metrics"))).text


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every account can pass through; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="sightline-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_root_without_namespaces_runs_the_database_as_nobody(
    reachable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unprivileged, "in_namespace", lambda: None)
    if unprivileged.as_nobody(find("postgres")) is None:
        pytest.skip("this machine's account nobody cannot reach the binary")
    folder = RunFolder(reachable / "run")
    folder.root.mkdir()
    folder.prepare()
    plan = Plan(folder=folder, ports=Ports.free())
    async with _running(plan, *postgres(plan, Tools())) as supervisor:
        assert psutil.Process(supervisor.pid("postgres")).uids().real != 0
