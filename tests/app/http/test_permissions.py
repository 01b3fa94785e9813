"""Checks and grants over HTTP, from the answer to what stays out of every signal."""

import asyncpg
import httpx
import pytest

from app import signals
from telemetry.testing import Captured

ALICE = {"user": "alice@example.com", "resource": "ledger:2026", "action": "read"}
EVALUATION = {
    "subject": {"type": "user", "id": "alice@example.com", "properties": {"department": "x"}},
    "action": {"name": "read"},
    "resource": {"type": "ledger", "id": "2026"},
    "context": {"time": "2026-11-23T10:00:00Z"},
}


async def revoke(client: httpx.AsyncClient, grant: dict[str, str]) -> httpx.Response:
    return await client.request("DELETE", "/grants", json=grant)


async def test_a_grant_comes_and_goes(client: httpx.AsyncClient, captured: Captured) -> None:
    async def allowed() -> bool:
        answer: bool = (await client.post("/permissions/check", json=ALICE)).json()["allowed"]
        return answer

    assert not await allowed()
    assert (await client.post("/grants", json=ALICE)).status_code == 201
    assert (await client.post("/grants", json=ALICE)).status_code == 200
    assert await allowed()
    assert (await revoke(client, ALICE)).status_code == 204
    assert (await revoke(client, ALICE)).status_code == 404
    assert not await allowed()
    for change in ("grant", "revoke"):
        assert captured.sample(signals.GRANT_CHANGES, {"authorization.change": change}) == 1
    assert captured.events().count("grant.changed") == 2


async def test_each_layer_answers_in_its_turn(client: httpx.AsyncClient) -> None:
    answers = [(await client.post("/permissions/check", json=ALICE)).json() for _ in range(2)]
    assert answers == [
        {"allowed": False, "source": "database"},
        {"allowed": False, "source": "l1"},
    ]


async def test_authzen_asks_for_the_same_grant(client: httpx.AsyncClient) -> None:
    before = await client.post("/access/v1/evaluation", json=EVALUATION)
    await client.post("/grants", json=ALICE)
    after = await client.post("/access/v1/evaluation", json=EVALUATION)
    assert [before.json(), after.json()] == [{"decision": False}, {"decision": True}]


async def test_authzen_knows_users_only(client: httpx.AsyncClient) -> None:
    await client.post("/grants", json=ALICE)
    group = {**EVALUATION, "subject": {"type": "group", "id": "alice@example.com"}}
    assert (await client.post("/access/v1/evaluation", json=group)).json() == {"decision": False}


async def test_who_exists_cannot_be_learned_from_a_denial(client: httpx.AsyncClient) -> None:
    member = {"group": "staff", "user": ALICE["user"]}
    assert (await client.post("/grants", json=ALICE)).status_code == 201
    assert (await client.post("/groups/members", json=member)).status_code == 201
    answers = set()
    for user in (ALICE["user"], "nobody@example.com"):
        denied = {**ALICE, "user": user, "action": "delete"}
        evaluation = {
            **EVALUATION,
            "subject": {"type": "user", "id": user},
            "action": {"name": "delete"},
        }
        told = []
        for path, body in (
            ("/permissions/check", denied),
            ("/permissions/checks", {"checks": [denied]}),
            ("/access/v1/evaluation", evaluation),
        ):
            answer = await client.post(path, json=body)
            told.append((answer.status_code, answer.text, sorted(answer.headers)))
        answers.add(str(told))
    assert len(answers) == 1


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
async def test_the_key_comes_in_either_header(
    header: str, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    bearer = client.headers["authorization"]
    value = bearer if header == "Authorization" else bearer.removeprefix("Bearer ")
    response = await stranger.post("/permissions/check", json=ALICE, headers={header: value})
    assert response.status_code == 200


async def test_the_grant_is_recorded_under_the_keys_name(
    client: httpx.AsyncClient, database_url: str
) -> None:
    await client.post("/grants", json=ALICE)
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT granted_by FROM grants") == "tests"
    await connection.close()


async def test_no_name_and_no_key_is_in_any_signal(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    for path in ("/grants", "/permissions/check", "/permissions/check"):
        await client.post(path, json=ALICE)
    await revoke(client, ALICE)
    await client.post("/access/v1/evaluation", json=EVALUATION)
    exposition = [
        (sample.name, sample.labels, sample.exemplar)
        for metric in captured.telemetry.meter.registry.collect()
        for sample in metric.samples
    ]
    spans = [(span.name, dict(span.attributes or {}), span.events) for span in captured.spans()]
    told = f"{exposition} {spans} {captured.logs()}"
    assert "request.finished" in told
    for secret in ("alice", "ledger", "a key for tests"):
        assert secret not in told
