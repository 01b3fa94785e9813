"""Which changes and decisions are on record, through the API."""

import json
from typing import Any

import httpx
import pytest

from app.audit import decisions
from app.authorization.limits import GraphLimits
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


@pytest.mark.parametrize(
    ("path", "body", "recording"),
    [
        ("/permissions/check", _GRANT, "record"),
        ("/permissions/checks", {"checks": [_GRANT]}, "record_all"),
    ],
)
async def test_no_allow_is_sealed_behind_a_revoke_that_came_after_it(  # noqa: PLR0913, PLR0917  # three fixtures, three values
    client: httpx.AsyncClient,
    pool: DatabasePool,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    body: dict[str, Any],
    recording: str,
) -> None:
    await client.post("/grants", json=_GRANT)
    put_on_record = getattr(decisions, recording)

    async def revoke_first(*given: Any) -> None:  # noqa: ANN401  # as what it replaces
        assert (await client.request("DELETE", "/grants", json=_GRANT)).status_code == 204
        await put_on_record(*given)

    monkeypatch.setattr(decisions, recording, revoke_first)
    answered = await client.post(path, json={**body, "record": True})
    assert '"allowed":true' in answered.text
    async with pool.acquire() as connection:
        sealed = await connection.fetch(
            "SELECT action, outcome FROM audit_entries ORDER BY xid, id"
        )
    assert [tuple(entry) for entry in sealed] == [
        ("grant.add", "done"),
        ("decision", "allow"),
        ("grant.revoke", "done"),
    ]


async def test_of_many_checks_every_decision_is_if_they_ask_for_it(
    client: httpx.AsyncClient, pool: DatabasePool
) -> None:
    await client.post("/grants", json=_GRANT)
    for number in range(GraphLimits().depth + 2):
        pair = {"resource": f"deep:{number}", "parent": f"deep:{number + 1}"}
        assert (await client.post("/resources/parents", json=pair)).status_code == 201

    async def decided(**more: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401  # of the body
        checks = [_GRANT, {**_GRANT, "resource": "deep:0"}, {**_GRANT, "action": "write"}]
        answered = await client.post("/permissions/checks", json={"checks": checks, **more})
        first, undecided, last = answered.json()["results"]
        assert (first, last) == ({"allowed": True}, {"allowed": False})
        assert "error" in undecided
        return [entry for entry in await _recorded(pool) if entry[1] == "decision"]

    assert await decided() == []
    assert await decided(record=False) == []
    details = {"user": "bob", "source": "database"}
    assert await decided(record=True) == [
        ("tests", "decision", "doc:1", "allow", {**details, "action": "read"}),
        ("tests", "decision", "doc:1", "deny", {**details, "action": "write"}),
    ]


async def test_of_a_list_of_evaluations_those_are_that_ask_and_were_answered(
    client: httpx.AsyncClient, pool: DatabasePool
) -> None:
    await client.post("/grants", json=_GRANT)

    def about(key: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # of the item
        return {"resource": {"type": "doc", "id": key}, **more}

    async def decided(**more: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # of the body
        asked = {"subject": {"type": "user", "id": "bob"}, "action": {"name": "read"}, **more}
        answered = await client.post("/access/v1/evaluations", json=asked)
        assert answered.status_code == 200, answered.text
        found = [entry for entry in await _recorded(pool) if entry[1] == "decision"]
        assert all(
            entry[4] == {"user": "bob", "action": "read", "source": "database"} for entry in found
        )
        return [(entry[2], entry[3]) for entry in found]

    asking = {"record": True}
    assert await decided(evaluations=[about("1"), about("2")]) == []
    some = [about("1", context=asking), about("2"), about("3", context=asking), "no object"]
    expected = [("doc:1", "allow"), ("doc:3", "deny")]
    assert await decided(evaluations=some) == expected
    # The default context is an item's own where it has none.
    both = [about("4"), about("5", context={})]
    expected += [("doc:4", "deny")]
    assert await decided(evaluations=both, context=asking) == expected
    # What is cut off was told to nobody.
    first = {"evaluations_semantic": "deny_on_first_deny"}
    expected += [("doc:1", "allow"), ("doc:6", "deny")]
    three = [about("1"), about("6"), about("7")]
    assert await decided(evaluations=three, context=asking, options=first) == expected
    # Without a list it is one evaluation.
    expected += [("doc:1", "allow")]
    assert await decided(**about("1"), context=asking) == expected
