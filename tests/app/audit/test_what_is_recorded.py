"""Which changes and decisions are on record, through the API."""

import json
from typing import Any

import httpx
import pytest

from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.conftest import client, service

__all__ = ["client", "service"]

_GRANT = {"user": "bob", "resource": "doc:1", "action": "read"}


@pytest.fixture
def service_pool(settings: Settings, captured: Captured) -> DatabasePool:
    return DatabasePool(settings, captured.telemetry)


async def _recorded(pool: DatabasePool) -> list[tuple[Any, ...]]:
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT * FROM audit_entries ORDER BY id")
    return [
        (row["actor"], row["action"], row["object"], row["outcome"], json.loads(row["details"]))
        for row in rows
    ]


async def test_grants_and_relations_that_changed_something_are(
    client: httpx.AsyncClient, pool: DatabasePool
) -> None:
    member = {"group": "staff", "user": "bob"}
    for method, path, body in (
        ("POST", "/grants", _GRANT),
        ("POST", "/grants", _GRANT),
        ("DELETE", "/grants", _GRANT),
        ("DELETE", "/grants", _GRANT),
        ("POST", "/groups/members", member),
        ("DELETE", "/groups/members", member),
    ):
        await client.request(method, path, json=body, headers={"X-Correlation-ID": "c-9"})
    who, done = "tests", "done"
    granted = {"user": "bob", "action": "read"}
    related = {"kind": "membership", "above": "staff", "below_is_group": False}
    assert await _recorded(pool) == [
        (who, "grant.add", "doc:1", done, granted),
        (who, "grant.revoke", "doc:1", done, granted),
        (who, "relation.add", "bob", done, related),
        (who, "relation.remove", "bob", done, related),
    ]
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT * FROM audit_entries")
    assert {(row["correlation_id"], row["client_address"]) for row in rows} == {
        ("c-9", "127.0.0.1")
    }
    assert all(row["trace_id"] for row in rows)


async def test_a_decision_is_if_and_only_if_the_check_asks_for_it(
    client: httpx.AsyncClient, pool: DatabasePool
) -> None:
    evaluation = {
        "subject": {"type": "user", "id": "bob"},
        "resource": {"type": "doc", "id": "1"},
        "action": {"name": "read"},
    }
    await client.post("/permissions/check", json=_GRANT)
    await client.post("/access/v1/evaluation", json=evaluation)
    assert await _recorded(pool) == []
    denied = await client.post("/permissions/check", json={**_GRANT, "record": True})
    assert denied.json() == {"allowed": False, "source": "database"}
    await client.post("/grants", json=_GRANT)
    on_record = {**evaluation, "context": {"record": True}}
    assert (await client.post("/access/v1/evaluation", json=on_record)).json() == {"decision": True}
    details = {"user": "bob", "action": "read", "source": "database"}
    decisions = [entry for entry in await _recorded(pool) if entry[1] == "decision"]
    assert decisions == [
        ("tests", "decision", "doc:1", "deny", details),
        ("tests", "decision", "doc:1", "allow", details),
    ]
