"""The web service, wired to real servers and served in process."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.bootstrap import Service, build
from app.database.pool import DatabasePool
from app.settings import Settings
from telemetry.testing import Captured
from tests.conftest import API_KEY

AUTHORIZED = {"Authorization": f"Bearer {API_KEY}"}


@pytest.fixture
def service_pool(settings: Settings, captured: Captured) -> DatabasePool:
    """The pool of `service`, which opens and closes it."""
    return DatabasePool(settings, captured.telemetry)


@pytest.fixture
async def service(
    settings: Settings, captured: Captured, service_pool: DatabasePool
) -> AsyncIterator[Service]:
    built = build(settings, captured.telemetry, pool=service_pool)
    async with built.running():
        captured.clear()
        yield built


def client_of(service: Service, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(service.asgi),
        base_url="http://sightline.test",
        headers=headers,
    )


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key."""
    async with client_of(service, **AUTHORIZED) as opened:
        yield opened


@pytest.fixture
async def stranger(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with client_of(service) as opened:
        yield opened
