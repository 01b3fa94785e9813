"""What the middleware must survive on a real socket: uvicorn, in a thread, on a free port.

Both of uvicorn's HTTP parsers, since they differ in what they let through to the application.
"""

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
import uvicorn
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from telemetry.catalog import http
from telemetry.context import correlation_id
from telemetry.propagation import inject
from telemetry.testing import Captured
from tests.telemetry.asgi import active, finished

Parser = Literal["h11", "httptools"]
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"

_PATIENCE_SECONDS = 20.0


@contextmanager
def served(app: ASGIApp, parser: Parser) -> Iterator[int]:
    """Serve the application on 127.0.0.1 and yield the port; stop it at the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=parser, loop="asyncio", ws="none", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        assert server.started
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def lines_of(captured: Captured, count: int) -> list[dict[str, Any]]:
    """The access lines, once there are that many: the last may follow the answer's last byte."""
    wait_until(lambda: len(finished(captured)) >= count)
    return finished(captured)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS) as connection:
        yield connection


def read_until_closed(connection: socket.socket) -> bytes:
    """Everything that the server still sends; a reset ends it like a close."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def read_response(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one response that has a Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        assert part, received
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    return int(first.split(" ")[1]), headers, body


async def bound(request: Request) -> Response:
    """What is bound in this request."""
    context = trace.get_current_span().get_span_context()
    return JSONResponse({"id": correlation_id(), "trace": f"{context.trace_id:032x}", **inject()})


async def boom(request: Request) -> Response:
    raise ValueError


async def endless(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)  # without it nobody hears that the client left
            yield b"x" * 65_536

    return StreamingResponse(parts())


async def half(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"part"
        raise ValueError

    return StreamingResponse(parts())


async def fail_later() -> None:
    raise ValueError


async def accepted(request: Request) -> Response:
    return PlainTextResponse("accepted", background=BackgroundTask(fail_later))


ROUTES = [
    Route("/bound", bound),
    Route("/boom", boom),
    Route("/endless", endless),
    Route("/half", half),
    Route("/accepted", accepted),
]


@pytest.fixture(params=["h11", "httptools"])
def port(request: pytest.FixtureRequest, captured: Captured) -> Iterator[int]:
    with served(captured.telemetry.wrap(Starlette(routes=ROUTES)), request.param) as port:
        yield port


def ask(connection: socket.socket, path: str = "/bound", *headers: str, method: str = "GET") -> str:
    lines = (f"{method} {path} HTTP/1.1", "Host: shop.test", *headers, "", "")
    connection.sendall("\r\n".join(lines).encode("latin-1"))
    _, _, body = read_response(connection)
    return body.decode()


def test_a_connection_carries_nothing_from_one_request_to_the_next(
    captured: Captured, port: int
) -> None:
    with connected(port) as connection:
        first = ask(
            connection,
            "/bound",
            "X-Correlation-ID: caller-1",
            f"TraceParent: {TRACEPARENT}",
            "TRACESTATE: foo=1",
        )
        second = ask(connection)
        third = ask(connection, "/boom")
        fourth = ask(connection)
    assert f'"id":"caller-1","trace":"{TRACE_ID}"' in first
    assert '"tracestate":"foo=1"' in first
    for later in (second, third, fourth):
        assert "caller-1" not in later
        assert TRACE_ID not in later
        assert "tracestate" not in later
    assert len({line["correlation_id"] for line in lines_of(captured, 4)}) == 4
    spans = captured.spans()
    assert [span.parent is None for span in spans] == [False, True, True, True]
    assert len({span.context.trace_id for span in spans if span.context}) == 4
    wait_until(lambda: active(captured) == 0)


def test_requests_in_one_packet_are_kept_apart(captured: Captured, port: int) -> None:
    requests = [
        f"GET /bound HTTP/1.1\r\nHost: a\r\nX-Correlation-ID: caller-{number}\r\n"
        + ("Connection: close\r\n\r\n" if number == 9 else "\r\n")
        for number in range(10)
    ]
    with connected(port) as connection:
        connection.sendall("".join(requests).encode())
        answer = read_until_closed(connection).decode()
    expected = [f"caller-{number}" for number in range(10)]
    assert re.findall(r"x-correlation-id: (\S+)", answer) == expected
    assert re.findall(r'"id":"(caller-\d)"', answer) == expected
    assert [line["correlation_id"] for line in lines_of(captured, 10)] == expected


def test_white_space_around_traceparent_is_none_of_its_value(port: int) -> None:
    with connected(port) as connection:
        assert TRACE_ID in ask(connection, "/bound", f"traceparent: \t {TRACEPARENT} \t")


def test_a_client_that_leaves_in_a_stream_ends_it(captured: Captured, port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(1000)
    [line] = lines_of(captured, 1)
    assert line["http.response.status_code"] == 200
    wait_until(lambda: active(captured) == 0)
    with connected(port) as connection:
        assert '"id"' in ask(connection)


def test_an_exception_after_the_start_breaks_the_stream_off_and_the_server_lives(
    captured: Captured, port: int
) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /half HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 200")
    assert not answer.endswith(b"0\r\n\r\n")
    with connected(port) as connection:
        assert '"id"' in ask(connection)
    assert captured.events().count(http.REQUEST_FAILED.name) == 1


def test_failed_background_work_spoils_no_later_request(captured: Captured, port: int) -> None:
    with connected(port) as connection:
        assert ask(connection, "/accepted") == "accepted"
        wait_until(lambda: http.REQUEST_FAILED.name in captured.events())
    with connected(port) as connection:
        assert '"id"' in ask(connection)
    assert [line["http.response.status_code"] for line in lines_of(captured, 2)] == [200, 200]


def test_an_exception_is_a_500_with_the_callers_id(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /boom HTTP/1.1\r\nHost: a\r\nX-Correlation-ID: caller-1\r\n\r\n")
        status, headers, _ = read_response(connection)
    assert (status, headers["x-correlation-id"]) == (500, "caller-1")


@pytest.mark.parametrize(
    "line",
    [
        b"User-Agent: \xff\\",
        b"traceparent: \xff\\",
        b"tracestate: \xff\\",
        b"X-Correlation-ID: \xff",
    ],
)
def test_headers_that_are_no_text_change_nothing(port: int, line: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /bound HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")
        status, headers, _ = read_response(connection)
    assert status == 200
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", headers["x-correlation-id"])
