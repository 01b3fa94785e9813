"""Telemetry that starts and stops with the application it observes."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.errors import StartError
from telemetry.lifespan import observed, running
from telemetry.runtime import Telemetry, TelemetrySettings
from tests.telemetry.asgi import hello, plain_asgi

STARTUP: Message = {"type": "lifespan.startup"}
SHUTDOWN: Message = {"type": "lifespan.shutdown"}


class Server:
    """The lifespan of an ASGI server: what it said, and was told in turn."""

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.may_end = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._asked = 0

    def runs(self, app: ASGIApp) -> None:
        async def serve() -> None:
            await app({"type": "lifespan", "state": {}}, self._receive, self._send)

        self.task = asyncio.create_task(serve())

    async def ends(self) -> None:
        assert self.task is not None
        self.may_end.set()
        await self.task

    async def heard(self, kind: str) -> None:
        async with asyncio.timeout(20):
            while kind not in self.kinds():  # noqa: ASYNC110  # the server's side has no Event
                await asyncio.sleep(0.01)

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.told]

    async def _receive(self) -> Message:
        self._asked += 1
        if self._asked == 1:
            return STARTUP
        await self.may_end.wait()
        return SHUTDOWN

    async def _send(self, message: Message) -> None:
        self.told.append(message)


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    return tmp_path / "traces"


@pytest.fixture
def telemetry(traces: Path) -> Telemetry:
    return Telemetry(TelemetrySettings(service_name="shop", metrics_port=0, traces_file=traces))


def logged(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def exported(traces: Path) -> str:
    return traces.read_text().replace(" ", "")


async def ask(app: ASGIApp) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://shop.test"
    ) as client:
        assert (await client.get("/")).status_code == 200


async def scrape(telemetry: Telemetry) -> int:
    async with httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{telemetry.endpoint.port}/metrics"
        return (await client.get(url)).status_code


async def no_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    await plain_asgi(scope, receive, send)


async def heedless(scope: Scope, receive: Receive, send: Send) -> None:
    """Looks at no scope's type, and answers a lifespan as if it were a request."""
    await plain_asgi(scope, receive, send)


@pytest.mark.parametrize("app", [no_lifespan, heedless, Starlette(routes=[Route("/", hello)])])
async def test_it_runs_as_long_as_the_server_does(
    telemetry: Telemetry, traces: Path, capfdbinary: pytest.CaptureFixture[bytes], app: ASGIApp
) -> None:
    whole = observed(app, telemetry)
    server = Server()
    server.runs(whole)
    await server.heard("lifespan.startup.complete")
    assert await scrape(telemetry) == 200
    await ask(whole)
    await server.ends()
    assert server.kinds() == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert '"name":"GET' in exported(traces)
    [line] = logged(capfdbinary.readouterr().out.decode())
    assert line["event"] == "request.finished"


async def test_what_the_application_says_at_its_end_is_delivered(
    telemetry: Telemetry, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    logger = structlog.stdlib.get_logger()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, str]]:
        logger.info("shop.opened")
        yield {"name": "shop"}
        logger.info("shop.closed")

    server = Server()
    server.runs(observed(Starlette(lifespan=lifespan), telemetry))
    await server.heard("lifespan.startup.complete")
    await server.ends()
    assert server.kinds() == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    lines = logged(capfdbinary.readouterr().out.decode())
    assert [line["event"] for line in lines] == ["shop.opened", "shop.closed"]


@pytest.mark.parametrize(
    ("fails_at", "told"),
    [
        ("start", ["lifespan.startup.failed"]),
        ("end", ["lifespan.startup.complete", "lifespan.shutdown.failed"]),
    ],
)
async def test_an_application_that_fails_is_heard_by_the_server(
    telemetry: Telemetry, fails_at: str, told: list[str]
) -> None:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if fails_at == "start":
            raise RuntimeError
        yield
        raise RuntimeError

    server = Server()
    server.may_end.set()
    server.runs(observed(Starlette(lifespan=lifespan), telemetry))
    with pytest.raises(RuntimeError):
        await server.ends()
    assert server.kinds() == told
    with pytest.raises(httpx.ConnectError):
        await scrape(telemetry)


async def test_telemetry_that_cannot_start_fails_the_start_with_a_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = TelemetrySettings(service_name="shop", metrics_port=port)
        server = Server()
        server.runs(observed(plain_asgi, Telemetry(settings)))
        await server.ends()
    [failed] = server.told
    assert failed["type"] == "lifespan.startup.failed"
    assert str(port) in failed["message"]


async def test_a_block_of_its_own_is_enough_for_what_is_no_application(
    telemetry: Telemetry,
) -> None:
    async with running(telemetry) as same:
        assert same is telemetry
        assert await scrape(telemetry) == 200
    with pytest.raises(httpx.ConnectError):
        await scrape(telemetry)


async def test_a_block_that_cannot_start_says_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        telemetry = Telemetry(TelemetrySettings(service_name="shop", metrics_port=port))
        with pytest.raises(StartError, match=str(port)):
            async with running(telemetry):
                pytest.fail("the block must not run")
