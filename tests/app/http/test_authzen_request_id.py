"""AuthZEN's `X-Request-ID` comes back on every problem, whoever says it."""

import hashlib
from contextlib import AsyncExitStack
from typing import NoReturn

import httpx
import pytest
from pydantic import SecretStr

from app.bootstrap import Service, build
from app.database.pool import DatabasePool
from app.http.authzen import EVALUATION, EVALUATIONS
from app.security.roles import BootstrapKey, Role
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.conftest import AUTHORIZED, client_of

SENT = {"X-Request-ID": "bfe9eb29/ab87=4ca3+be83"}
QUESTION: dict[str, object] = {
    "subject": {"type": "user", "id": "alice"},
    "action": {"name": "read"},
    "resource": {"type": "record", "id": "1"},
}
FROM_THE_DATABASE = SENT | {"Consistency-Token": "full"}
PATHS = pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])


def assert_echoed(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers.get_list("x-request-id") == [SENT["X-Request-ID"]]
    assert answer.headers["content-type"] == "application/problem+json"


@PATHS
async def test_on_a_body_that_is_too_large(client: httpx.AsyncClient, path: str) -> None:
    body = QUESTION | {"context": {"note": "x" * 70_000}}
    assert_echoed(await client.post(path, json=body, headers=SENT), 413)


@PATHS
async def test_on_a_key_without_the_role(settings: Settings, captured: Captured, path: str) -> None:
    digest = SecretStr(hashlib.sha256(b"an auditor's").hexdigest())
    keys = {"auditor": BootstrapKey(digest, frozenset((Role.AUDIT,)))}
    service = build(settings.model_copy(update={"api_keys": keys}), captured.telemetry)
    async with (
        service.running(),
        client_of(service, Authorization="Bearer an auditor's") as auditor,
    ):
        assert_echoed(await auditor.post(path, json=QUESTION, headers=SENT), 403)


@PATHS
async def test_on_a_key_that_asks_too_often(
    settings: Settings, captured: Captured, path: str
) -> None:
    slow = {"rate_limit_per_second": 0.01, "rate_limit_burst": 1}
    service = build(settings.model_copy(update=slow), captured.telemetry)
    async with service.running(), client_of(service, **AUTHORIZED) as client:
        assert (await client.post(path, json=QUESTION)).status_code == 200
        assert_echoed(await client.post(path, json=QUESTION, headers=SENT), 429)


@PATHS
async def test_on_a_pool_that_is_exhausted(
    client: httpx.AsyncClient, service_pool: DatabasePool, settings: Settings, path: str
) -> None:
    async with AsyncExitStack() as held:
        for _ in range(settings.database_pool_max):
            await held.enter_async_context(service_pool.acquire())
        answer = await client.post(path, json=QUESTION, headers=FROM_THE_DATABASE)
    assert_echoed(answer, 503)


@PATHS
async def test_on_what_nobody_expected(
    service: Service, service_pool: DatabasePool, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail() -> NoReturn:
        raise RuntimeError

    monkeypatch.setattr(service_pool, "acquire", fail)
    transport = httpx.ASGITransport(service.asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sightline.test", headers=AUTHORIZED
    ) as client:
        body = {**QUESTION, **({"evaluations": [{}]} if path == EVALUATIONS else {})}
        assert_echoed(await client.post(path, json=body, headers=FROM_THE_DATABASE), 500)
