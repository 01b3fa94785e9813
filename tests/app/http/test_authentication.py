"""Keys and roles over HTTP: who gets in, to what, and that a refusal says nothing more."""

import argparse
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app import signals
from app.bootstrap import Service, build
from app.http.authentication import Gate, principal_of
from app.security import commands
from app.security.key_ring import KeyRing, Rates
from app.security.minting import mint
from app.security.roles import Principal, Role
from app.settings import Settings, read_settings
from telemetry.testing import Captured
from tests.app.conftest import client_of

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]

CHECK = {"user": "alice", "resource": "ledger", "action": "read"}
STRANGERS = ("", "wrong", "sightline_0123_wrong", mint().text)


def keys(settings: Settings, *arguments: str) -> Awaitable[str]:
    parser = argparse.ArgumentParser()
    commands.add_arguments(parser)
    return commands.run(settings, parser.parse_args(arguments))


async def created(settings: Settings, *arguments: str) -> tuple[str, str]:
    """ID and text of a new key."""
    told = await keys(settings, "create", *arguments)
    found = dict(line.split(": ", 1) for line in told.splitlines()[:2])
    return found["id"].strip(), found["key"].strip()


async def revoked(client: httpx.AsyncClient, key: str) -> httpx.Response:
    """What a key may change that is there: `DELETE` of a grant that nobody has."""
    return await client.request("DELETE", "/grants", json=CHECK, headers={"X-API-Key": key})


async def test_a_key_is_shown_once_and_only_its_hash_is_kept(
    settings: Settings, database_url: str
) -> None:
    key_id, key = await created(settings, "ops", "--role", "check", "--role", "audit")
    listed = await keys(settings, "list")
    assert key_id in listed
    assert "audit,check" in listed
    assert key not in listed
    connection = await asyncpg.connect(database_url)
    row = await connection.fetchrow("SELECT * FROM api_keys")
    recorded = await connection.fetch("SELECT action, object, details::text FROM audit_entries")
    await connection.close()
    assert [(one["action"], one["object"]) for one in recorded] == [("key.create", f"key:{key_id}")]
    assert key not in str(recorded)
    assert row["digest"] == hashlib.sha256(key.encode()).digest()
    assert key not in str(dict(row))
    assert key.rpartition("_")[2] not in str(dict(row))


async def test_a_key_on_record_comes_rotates_and_goes(
    settings: Settings, stranger: httpx.AsyncClient, eventually: Eventually
) -> None:
    key_id, key = await created(settings, "ops", "--role", "manage")

    def becomes(status: int, text: str) -> Callable[[], Awaitable[bool]]:
        async def has() -> bool:
            return (await revoked(stranger, text)).status_code == status

        return has

    await eventually(becomes(404, key))
    told = await keys(settings, "rotate", key_id, "--overlap-hours", "1")
    second_id, second = (line.split(": ")[1].strip() for line in told.splitlines()[:2])
    await eventually(becomes(404, second))
    assert (await revoked(stranger, key)).status_code == 404
    await keys(settings, "revoke", key_id)
    await eventually(becomes(401, key))
    assert (await revoked(stranger, second)).status_code == 404
    listed = await keys(settings, "list")
    assert f"{key_id}  ops" in listed
    assert "revoked" in listed
    assert second_id in listed


@pytest.mark.parametrize("action", ["revoke", "rotate"])
async def test_an_unknown_key_is_neither_revoked_nor_rotated(
    action: str, settings: Settings
) -> None:
    with pytest.raises(Exception, match="no valid key"):
        await keys(settings, action, "0123")


async def test_unknown_wrong_revoked_and_expired_get_the_same_answer(
    settings: Settings, stranger: httpx.AsyncClient, database_url: str, eventually: Eventually
) -> None:
    gone_id, gone = await created(settings, "gone", "--role", "check")
    late_id, late = await created(settings, "late", "--role", "check", "--days", "1")
    await keys(settings, "revoke", gone_id)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE api_keys SET expires_at = now() WHERE id = $1", late_id)
    await connection.close()

    async def is_late() -> bool:
        return (await revoked(stranger, late)).status_code == 401

    await eventually(is_late)
    answers = set()
    for key in (*STRANGERS, gone, late, "k" * 5_000):
        response = await revoked(stranger, key)
        problem = response.json()
        del problem["correlation_id"]
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in {"x-correlation-id", "content-length"}
        }
        answers.add((response.status_code, str(problem), str(sorted(headers.items()))))
    assert len(answers) == 1
    assert answers.pop()[0] == 401


async def test_a_wrong_key_costs_the_database_nothing(
    stranger: httpx.AsyncClient, captured: Captured
) -> None:
    for key in STRANGERS:
        await revoked(stranger, key)
    assert set(captured.span_names()) == {"DELETE /grants"}


@pytest.fixture
def divided(settings: Settings, captured: Captured) -> Service:
    """A service that knows a key of each role, named as the role is."""
    given = {
        role.value: {"sha256": hashlib.sha256(role.encode()).hexdigest(), "roles": [role.value]}
        for role in Role
    }
    with_roles = read_settings(**settings.model_dump() | {"api_keys": given})
    return build(with_roles, captured.telemetry)


@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_what_it_is_for_and_nothing_else(
    role: Role, divided: Service, captured: Captured
) -> None:
    async with divided.running(), client_of(divided, **{"X-API-Key": role.value}) as client:
        checked = await client.post("/permissions/check", json=CHECK)
        changed = await client.request("DELETE", "/grants", json=CHECK)
    assert (checked.status_code != 403) is (role is Role.CHECK)
    assert (changed.status_code != 403) is (role is Role.MANAGE)
    for response in (checked, changed):
        if response.status_code == 403:
            assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
            assert response.headers["content-type"] == "application/problem+json"
    forbidden = {"access.refusal.reason": "forbidden"}
    expected = sum(response.status_code == 403 for response in (checked, changed))
    assert captured.sample(signals.REFUSALS, forbidden) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        '{"ops": {"sha256": "%s", "roles": []}}',
        '{"ops": {"sha256": "%s", "roles": ["root"]}}',
        '{"ops": {"sha256": "%s"}}',
        '{"ops": {"sha256": "hush", "roles": ["check"]}}',
        '{"": "%s"}',
        '["%s"]',
    ],
)
def test_a_wrong_key_in_the_settings_is_refused(wrong: str, settings: Settings) -> None:
    given = settings.model_dump() | {"api_keys": wrong.replace("%s", "ab" * 32)}
    with pytest.raises(Exception, match="SIGHTLINE_API_KEYS must be"):
        read_settings(**given)


async def test_a_handler_knows_who_calls(settings: Settings, captured: Captured) -> None:
    seen: list[Principal] = []

    async def handle(request: Request) -> Response:
        seen.append(principal_of(request))
        return PlainTextResponse("")

    meter = captured.telemetry.meter
    ring = KeyRing(settings.api_keys, Rates(0, 1))
    gate = Gate(ring, captured.telemetry.pseudonyms, meter, 1)
    (route,) = gate.protect([Route("/", handle)])
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"x-api-key", b"a key for tests")],
    }

    async def nothing(*_: object) -> Any:  # noqa: ANN401  # ASGI's receive and send
        return {}

    await route.handle(scope, nothing, nothing)
    assert seen == [Principal("tests", frozenset(Role), "settings:tests")]
