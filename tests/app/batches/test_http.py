"""Imports over HTTP: what is accepted, what is refused and how, and who may see what."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.batches.worker import ImportRunner
from app.bootstrap import Service, build
from app.database.pool import DatabasePool
from app.http.bodies import BODY_SECONDS
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.batches.conftest import csv_of_grants
from tests.app.conftest import AUTHORIZED, client_of

CSV = {"Content-Type": "text/csv; charset=utf-8"}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"import_max_bytes": 600_000})


@pytest.fixture
async def service(
    settings: Settings, captured: Captured, pool: DatabasePool
) -> AsyncIterator[Service]:
    built = build(settings, captured.telemetry, pool=DatabasePool(settings, captured.telemetry))
    async with built.running():
        yield built


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service, **AUTHORIZED) as opened:
        yield opened


@pytest.fixture
def runner(pool: DatabasePool, captured: Captured, settings: Settings) -> ImportRunner:
    return ImportRunner(pool, captured.telemetry, settings)


async def work(runner: ImportRunner) -> None:
    claim = await runner.ledger.claim()
    assert claim is not None
    assert await runner.run(claim, asyncio.Event())


async def upload(client: httpx.AsyncClient, content: bytes, **query: str) -> httpx.Response:
    return await client.post(
        "/imports", params={"kind": "grants", **query}, content=content, headers=CSV
    )


async def test_an_upload_is_accepted_run_and_reported(
    client: httpx.AsyncClient, runner: ImportRunner, pool: DatabasePool
) -> None:
    content = csv_of_grants(20_000) + b"ann,,read\nbob,d\n"
    accepted = await upload(client, content)
    assert accepted.status_code == 202
    url = accepted.headers["location"]
    assert accepted.json() == {"task_id": url.rsplit("/", 1)[1], "status_url": url}
    waiting = (await client.get(url)).json()
    assert (waiting["status"], waiting["bytes"]) == ("queued", {"done": 0, "total": len(content)})
    await work(runner)
    done = (await client.get(url)).json()
    assert done["status"] == "done"
    assert done["rows"] == {"done": 20_002, "added": 20_000, "unchanged": 0, "rejected": 2}
    assert done["bytes"]["done"] == len(content)
    rejects = (await client.get(f"{url}/rejects")).json()
    assert rejects == {
        "items": [
            {"line": 20_002, "column": "resource", "reason": "empty"},
            {"line": 20_003, "column": None, "reason": "column_count"},
        ],
        "next_cursor": None,
    }
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM grants") == 20_000
        assert await connection.fetchval("SELECT count(*) FROM import_pieces") == 0
    assert (await upload(client, content)).headers["location"] == url
    assert (await upload(client, content, again="true")).headers["location"] != url


async def test_objects_are_taken_too(client: httpx.AsyncClient, runner: ImportRunner) -> None:
    accepted = await client.post(
        "/imports?kind=users", content=b'{"user":"ann"}\n{"user":"bob"}', headers=NDJSON
    )
    await work(runner)
    assert (await client.get(accepted.headers["location"])).json()["rows"]["added"] == 2


async def test_a_file_of_the_folder_is_named(
    client: httpx.AsyncClient, runner: ImportRunner, settings: Settings
) -> None:
    folder = settings.import_folder
    assert folder is not None
    (folder / "grants.csv").write_bytes(csv_of_grants(10))
    wanted = {"kind": "grants", "format": "csv", "path": "grants.csv"}
    accepted = await client.post("/imports", json=wanted)
    assert accepted.status_code == 202
    await work(runner)
    assert (await client.get(accepted.headers["location"])).json()["rows"]["added"] == 10


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "/etc/passwd",
        "missing",
        "link",
        ".",
        "a\x00b",
        "circle",
        "a" * 300,
        "\u00e9" * 200,
        "link/" + "a/" * 200,
    ],
)
async def test_nothing_outside_the_folder_is_named(
    client: httpx.AsyncClient, settings: Settings, path: str
) -> None:
    folder = settings.import_folder
    assert folder is not None
    (folder.parent / "secret").write_bytes(csv_of_grants(1))
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "circle").symlink_to("circle")
    wanted = {"kind": "grants", "format": "csv", "path": path}
    refused = await client.post("/imports", json=wanted)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "path"


async def test_a_slow_disk_is_no_slow_client(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SlowFile(tempfile.SpooledTemporaryFile[bytes]):
        def write(self, content: Any) -> int:  # noqa: ANN401  # whatever is a buffer
            time.sleep(0.5)
            return super().write(content)

    async def body() -> AsyncIterator[bytes]:
        yield csv_of_grants(10_000)
        yield b"ann,d,read\n"

    monkeypatch.setattr(tempfile, "TemporaryFile", SlowFile)
    setattr(service.app.state, BODY_SECONDS, 0.2)
    accepted = await client.post("/imports?kind=grants", content=body(), headers=CSV)
    assert accepted.status_code == 202


async def test_rejects_are_paged(client: httpx.AsyncClient, runner: ImportRunner) -> None:
    accepted = await upload(client, csv_of_grants(1) + b"bad\n" * 25)
    url = f"{accepted.headers['location']}/rejects"
    await work(runner)
    lines: list[int] = []
    cursor: str | None = None
    while True:
        query = {"limit": "10"} | ({"cursor": cursor} if cursor else {})
        page: dict[str, Any] = (await client.get(url, params=query)).json()
        lines += [item["line"] for item in page["items"]]
        assert len(page["items"]) <= 10
        if (cursor := page["next_cursor"]) is None:
            break
    assert lines == list(range(3, 28))
    for wrong in ("limit=0", "limit=501", "limit=x", "cursor=!!", "cursor=LTE", "cursor=MDE"):
        assert (await client.get(f"{url}?{wrong}")).status_code == 422, wrong


@pytest.mark.parametrize(
    ("query", "headers", "content", "status"),
    [
        ("kind=grants", {"Content-Type": "text/plain"}, b"x", 415),
        ("kind=grants", CSV | {"Content-Encoding": "gzip"}, b"x", 415),
        ("kind=grants", CSV, b"x" * 600_001, 413),
        ("kind=grants", CSV, b"user,what\n", 422),
        ("kind=grants", CSV, b"", 422),
        ("kind=else", CSV, b"user\n", 422),
        ("", CSV, b"user\n", 422),
        ("kind=grants&again=perhaps", CSV, csv_of_grants(1), 422),
    ],
)
async def test_what_is_wrong_is_refused(
    client: httpx.AsyncClient,
    query: str,
    headers: dict[str, str],
    content: bytes,
    status: int,
) -> None:
    refused = await client.post(f"/imports?{query}", content=content, headers=headers)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_body_of_unknown_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"user,resource,action\n"
        while True:
            yield b"x" * 65_536

    refused = await client.post("/imports?kind=grants", content=endless(), headers=CSV)
    assert refused.status_code == 413


async def test_imports_are_their_bringers_own(
    client: httpx.AsyncClient, pool: DatabasePool
) -> None:
    accepted = await upload(client, csv_of_grants(1))
    async with pool.acquire() as connection:
        await connection.execute("UPDATE imports SET requested_by = 'another'")
    for path in (accepted.headers["location"], "/imports/nothing"):
        for end in ("", "/rejects"):
            assert (await client.get(path + end)).status_code == 404
