"""What a client may do to a connection, over real sockets: all that is slow, long or too much."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app import signals
from app.bootstrap import build
from app.http.protocol import ConnectionLimits, bounded_protocol
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.conftest import AUTHORIZED
from tests.servers import free_port

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]

LIMITS = ConnectionLimits(connections=4, head_bytes=2_048, head_seconds=0.4, write_seconds=0.4)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BIG = 8 * 1024 * 1024


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body and answer "ok", or at /big more than any buffer holds."""
    while (await receive()).get("more_body", False):
        pass
    body = b"x" * BIG if scope["path"] == "/big" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def serving(app: Any, captured: Captured, **changed: Any) -> AsyncIterator[int]:  # noqa: ANN401  # an ASGI application; uvicorn's settings
    port = free_port()
    config = uvicorn.Config(
        app,
        port=port,
        http=bounded_protocol(LIMITS, captured.telemetry.meter),
        ws="none",
        lifespan="off",
        log_config=None,
        **changed,
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # the test run's stay
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield port
    finally:
        server.should_exit = server.force_exit = True
        await task


@pytest.fixture
async def port(captured: Captured) -> AsyncIterator[int]:
    async with serving(application, captured, timeout_keep_alive=5) as opened:
        yield opened


async def exchange(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send the parts until the server closes, and return all that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    came = bytearray()

    async def read() -> None:
        # Piece by piece: a reset, for what was sent after the server closed, takes none back.
        while piece := await reader.read(65_536):
            came.extend(piece)

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionError):
                for part in parts:
                    if reading.done():
                        break
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(pause)
            with contextlib.suppress(ConnectionError):
                await reading
        return bytes(came)
    finally:
        reading.cancel()
        writer.close()


def status_of(answer: bytes) -> int:
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if status >= 400:
        assert json.loads(body)["status"] == status
        assert b"application/problem+json" in head
        assert b"Connection: close" in head
    return status


def refusals(captured: Captured, reason: str) -> float:
    return captured.sample(signals.REFUSALS, {"access.refusal.reason": reason})


async def test_requests_of_one_connection_are_answered_in_turn(port: int) -> None:
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await exchange(port, GET + GET[:9], GET[9:] + last, pause=0.05)
    assert answer.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 4_096 + b"\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 900] + [b"x" * 900] * 4,
        [b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 500 + b"\r\n"],
        [b"GET /" + b"x" * 4_096 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
        [b"POST / HTTP/1.1\r\nContent-Length: 3\r\nA: " + b"x" * 4_096 + b"\r\n\r\nabc"],
        [GET, b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 4_096 + b"\r\n\r\n"],
    ],
    ids=["one header", "a header without end", "many headers", "the path", "a body", "the second"],
)
async def test_a_head_that_is_too_long_is_refused(
    parts: list[bytes], port: int, captured: Captured
) -> None:
    answer = await exchange(port, *parts, pause=0.05)
    assert status_of(answer[answer.rindex(b"HTTP/1.1 ") :]) == 431
    assert refusals(captured, "head_too_large") == 1


async def test_the_longest_head_is_read(port: int) -> None:
    padding = LIMITS.head_bytes - len(b"/" + b"hostx" + b"connectionclose" + b"a") - 4 * 3
    for extra, status in ((0, 200), (1, 431)):
        head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: %b\r\n\r\n"
        assert status_of(await exchange(port, head % (b"x" * (padding + extra)))) == status


async def test_a_head_that_comes_too_slowly_is_refused(port: int, captured: Captured) -> None:
    drops = [b"GET / HTTP/1.1\r\n", *([b"A: b\r\n"] * 30)]
    assert status_of(await exchange(port, *drops, pause=0.1)) == 408
    assert refusals(captured, "head_too_slow") == 1


@pytest.mark.parametrize(
    "sent",
    [[], [b"\r\n"] * 40, [GET, *([b"\r\n"] * 40)]],
    ids=["nothing", "empty lines", "empty lines after a request"],
)
async def test_a_connection_that_asks_nothing_is_closed(sent: list[bytes], port: int) -> None:
    answer = await exchange(port, *sent, pause=0.05 if sent else 0)
    assert answer.count(b"HTTP/1.1") == (1 if GET in sent else 0)


async def test_a_second_head_may_wait_for_the_first_answer(captured: Captured) -> None:
    go = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await application(scope, receive, send)

    async with serving(slow, captured) as port:
        asyncio.get_running_loop().call_later(3 * LIMITS.head_seconds, go.set)
        last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = await exchange(port, GET, last, pause=0.05)
    assert answer.count(b"HTTP/1.1 200 OK") == 2


async def test_one_connection_too_many_is_a_503(port: int, captured: Captured) -> None:
    async with contextlib.AsyncExitStack() as held:
        for _ in range(LIMITS.connections):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)  # kept alive
            held.callback(writer.close)
        answer = await exchange(port)
        assert status_of(answer) == 503
        assert b"Retry-After: 1" in answer
        assert captured.sample(signals.CONNECTIONS) >= LIMITS.connections
    assert refusals(captured, "connections") == 1


async def test_a_client_that_does_not_read_is_cut(
    port: int, captured: Captured, eventually: Eventually
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
    writer.write(GET.replace(b"/ ", b"/big "))

    async def is_cut() -> bool:
        return refusals(captured, "answer_not_read") == 1

    await eventually(is_cut)
    got = 0
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65_536):
            got += len(piece)
    assert got < BIG
    writer.close()


async def test_a_client_that_reads_gets_all_of_it(port: int) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.get(f"http://127.0.0.1:{port}/big")
    assert len(response.content) == BIG


async def test_what_is_no_http_is_a_problem(port: int, captured: Captured) -> None:
    assert status_of(await exchange(port, b"\x16\x03\x01 hello\r\n\r\n")) == 400
    assert refusals(captured, "malformed") == 1


async def test_closed_connections_are_counted_off(
    port: int, captured: Captured, eventually: Eventually
) -> None:
    await exchange(port, GET.replace(b"Host: x", b"Host: x\r\nConnection: close"))

    async def is_none_left() -> bool:
        return captured.sample(signals.CONNECTIONS) == 0

    await eventually(is_none_left)


async def test_a_body_that_comes_too_slowly_is_a_408(
    settings: Settings, captured: Captured
) -> None:
    service = build(settings.model_copy(update={"http_body_seconds": 0.3}), captured.telemetry)
    head = (
        b"POST /permissions/check HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
        b"Content-Type: application/json\r\nAuthorization: %b\r\n\r\n"
    )
    authorization = AUTHORIZED["Authorization"].encode()
    async with service.running(), serving(service.asgi, captured) as port:
        answer = await exchange(port, head % authorization, *([b" "] * 20), pause=0.1)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer.lower()
    assert captured.events() == ["request.finished"]
