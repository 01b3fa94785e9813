"""Rates over HTTP: a key that asks too often, and an address without one."""

import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest

from app import signals
from app.bootstrap import build
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.conftest import AUTHORIZED, client_of

GRANT = {"user": "alice", "resource": "ledger", "action": "read"}
OTHER = "another key for tests"


@pytest.fixture
async def client(settings: Settings, captured: Captured) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key, of a service that bears little."""
    other = settings.api_keys["tests"]
    changed = {
        "rate_limit_per_second": 1,
        "rate_limit_burst": 4,
        "unauthenticated_per_minute": 5,
        "api_keys": {
            **settings.api_keys,
            "other": type(other)(
                type(other.sha256)(hashlib.sha256(OTHER.encode()).hexdigest()), other.roles
            ),
        },
    }
    service = build(settings.model_copy(update=changed), captured.telemetry)
    async with service.running(), client_of(service) as opened:
        yield opened


async def ask(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.request("DELETE", "/grants", json=GRANT, headers=headers)


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    answers = [await ask(client, **AUTHORIZED) for _ in range(6)]
    assert [answer.status_code for answer in answers[:4]] == [404] * 4
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"key";q=4;w=4'}
    assert answers[0].headers["ratelimit"] == '"key";r=3;t=1'
    refused = answers[-1]
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit"] == '"key";r=0;t=1'
    assert refused.json()["violated-policies"] == ["key"]
    assert refused.json()["type"].endswith("#quota-exceeded")
    limited = {"access.refusal.reason": "key_limited"}
    assert captured.sample(signals.REFUSALS, limited) >= 1


async def test_one_key_takes_nothing_from_another(client: httpx.AsyncClient) -> None:
    while (await ask(client, **AUTHORIZED)).status_code != 429:
        pass
    assert (await ask(client, **{"X-API-Key": OTHER})).status_code == 404


async def test_an_address_without_a_key_is_soon_refused_and_one_with_a_key_is_not(
    client: httpx.AsyncClient, captured: Captured
) -> None:
    answers = [await ask(client, **{"X-API-Key": f"guess {n}"}) for n in range(8)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:5] == [401] * 5
    assert statuses[5:] == [429] * 3
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json()["violated-policies"] == ["address"]
    assert (await ask(client, **AUTHORIZED)).status_code == 404
    assert captured.sample(signals.REFUSALS, {"access.refusal.reason": "unauthenticated"}) == 5
    assert captured.sample(signals.REFUSALS, {"access.refusal.reason": "address_limited"}) == 3


async def test_without_a_rate_there_is_no_header_of_one(
    settings: Settings, captured: Captured
) -> None:
    service = build(settings.model_copy(update={"rate_limit_per_second": 0}), captured.telemetry)
    async with service.running(), client_of(service, **AUTHORIZED) as client:
        answer = await ask(client)
    assert answer.status_code == 404
    assert "ratelimit" not in answer.headers
