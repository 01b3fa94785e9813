"""Whatever a client sends: the bare application's answer, and a correlation ID with it.

Requests are made up at ASGI level and as raw bytes on a socket of uvicorn's, and each goes to the
bare application and to the wrapped one. A run takes seconds. The long form, about an hour on one
core, is `SIGHTLINE_FUZZ_EXAMPLES=200000 python -m pytest tests/telemetry/test_fuzz.py`: that many
cases a test at ASGI level, a tenth of it on the socket. A failure prints the smallest case found.
"""

import asyncio
import os
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route
from starlette.types import ASGIApp, Message, Scope

from telemetry.catalog import http
from telemetry.catalog.http import KNOWN_METHODS
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import finished, header, scope_of
from tests.telemetry.test_survival_socket import connected, read_until_closed, served, wait_until

EXAMPLES = int(os.environ.get("SIGHTLINE_FUZZ_EXAMPLES", "300"))
FIT_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
REFUSED = b"Invalid HTTP request received."
QUIET_SECONDS = 0.03
FUZZED = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ON_A_SOCKET = settings(FUZZED, max_examples=max(1, EXAMPLES // 10))


async def hello(request: Request) -> Response:
    return PlainTextResponse(await request.body())


ROUTES = [
    Route("/hello", hello, methods=["GET", "POST"]),
    Route("/items/{item}", hello),
    Mount("/tenants/{tenant}", routes=[Route("/items/{item:int}", hello)]),
    Host("{name}.hosts.test", app=Starlette(routes=[Route("/", hello)])),
]

TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NAMES = st.sampled_from(
    [
        *(b"traceparent", b"tracestate", b"baggage", b"x-correlation-id", b"x-request-id"),
        *(b"user-agent", b"host", b"x-forwarded-for", b"content-length", b"content-type"),
    ]
)
TELLING = st.sampled_from(
    [
        *(TRACEPARENT, TRACEPARENT[:-1] + b"g", b"ff" + TRACEPARENT[2:], b"cc" + TRACEPARENT[2:]),
        *(b"a=1,b=2", b"a=1,a=1", b",,,", b"caller-1", b"a" * 65, b"[::1]:80", b"a:99999999", b":"),
        *(
            b"\xff\\",
            b"\x00",
            b"\r\nset-cookie: a=b",
            "\u202e".encode(),
            b"%",
            b"{}",
            b"[",
            b"0" * 99,
        ),
    ]
)
VALUES = st.one_of(
    TELLING,
    st.binary(max_size=300),
    st.builds(lambda a, b: a + b, TELLING, st.binary(max_size=40)),
    st.from_regex(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", fullmatch=True),
    st.from_regex(rb"([a-z0-9@]{1,5}=[ -~]{0,9},?){1,40}", fullmatch=True),
)
HEADERS = st.lists(st.tuples(st.one_of(NAMES, st.binary(max_size=30)), VALUES), max_size=12)
METHODS = st.one_of(st.sampled_from([*KNOWN_METHODS, "_OTHER", "get"]), st.text(max_size=30))
PATHS = st.one_of(
    st.sampled_from(["/hello", "/hello/", "/items/7", "/tenants/a/items/7", "/tenants/a/items/x"]),
    st.text(max_size=200).map(lambda text: f"/{text}"),
    st.text(max_size=20).map(lambda text: f"/items/{text}"),
    st.text(max_size=20),
)
PAIRS = st.lists(st.tuples(st.sampled_from([b"token", b"sig", b"q", b""]), VALUES), max_size=9)
QUERIES = st.one_of(
    st.binary(max_size=300), PAIRS.map(lambda pairs: b"&".join(b"=".join(pair) for pair in pairs))
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One loop for all examples: hypothesis calls a test that is no coroutine."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


async def answer(app: ASGIApp, scope: Scope) -> list[Message] | type[Exception]:
    """The messages that the application sent, or the class of what it raised."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"body", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001  # of whatever class, it is compared
        return type(error)
    return sent


def without_id(sent: list[Message]) -> list[dict[str, Any]]:
    """The messages as a bare application sends them."""
    bare = [dict(message) for message in sent]
    for message in bare:
        if "headers" in message:
            kept = [pair for pair in message["headers"] if pair[0] != b"x-correlation-id"]
            message["headers"] = kept
    return bare


@FUZZED
@given(method=METHODS, path=PATHS, query=QUERIES, headers=HEADERS)
def test_the_answer_is_the_bare_applications_with_an_id(
    loop: asyncio.AbstractEventLoop,
    method: str,
    path: str,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
) -> None:
    def scope() -> Scope:
        made = scope_of(path, method=method, query_string=query, raw_path=b"")
        return {**made, "headers": [*headers]}

    expected = loop.run_until_complete(answer(Starlette(routes=ROUTES), scope()))
    with captured_telemetry() as captured:
        wrapped = captured.telemetry.wrap(Starlette(routes=ROUTES))
        got = loop.run_until_complete(answer(wrapped, scope()))
        assert not isinstance(got, type)
        [identity] = header(got, b"x-correlation-id")
        assert FIT_ID.fullmatch(identity)
        if isinstance(expected, type):
            assert got[0]["status"] == 500
        else:
            assert without_id(got) == expected
            assert http.REQUEST_FAILED.name not in captured.events()
        [line] = finished(captured)
        assert line["correlation_id"] == identity.decode()
        check_bounds(captured)


def check_bounds(captured: Captured) -> None:
    """At most one span, of bounded values, and series of known methods only."""
    assert len(captured.spans()) <= 1  # none where the caller does not sample
    for span in captured.spans():
        assert span.name.isprintable()
        assert max(len(str(value)) for value in (span.attributes or {}).values()) <= 1024
    for family in captured.telemetry.meter.registry.collect():
        for sample in family.samples:
            assert sample.labels.get("http_request_method", "_OTHER") in (*KNOWN_METHODS, "_OTHER")


@pytest.fixture(scope="module", params=["h11", "httptools"])
def ports(request: pytest.FixtureRequest) -> Iterator[tuple[int, int, Captured]]:
    """The ports of the bare application and of the wrapped one, and what that one recorded."""
    with captured_telemetry() as captured:
        wrapped = captured.telemetry.wrap(Starlette(routes=ROUTES))
        with (
            served(Starlette(routes=ROUTES), request.param) as bare,
            served(wrapped, request.param) as port,
        ):
            yield bare, port, captured
            raw = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            assert statuses(talk(port, raw)) == [b"200"]


def talk(port: int, raw: bytes) -> bytes:
    """Send the bytes, let the server answer, say that there are no more, and read the rest."""
    answers = b""
    with connected(port) as connection:
        try:
            connection.sendall(raw)
            connection.settimeout(QUIET_SECONDS)
            while part := connection.recv(65_536):
                answers += part
        except TimeoutError:
            connection.settimeout(None)
            connection.shutdown(socket.SHUT_WR)
            answers += read_until_closed(connection)
        except OSError:
            pass  # the server may have heard enough before all was sent
    return answers


def statuses(answers: bytes) -> list[bytes]:
    """The status of each answer; one may follow a body that ends without a newline."""
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)


HEADER_LINES = st.lists(
    st.builds(lambda name, value: name + b": " + value + b"\r\n", NAMES, VALUES), max_size=8
).map(b"".join)
REQUESTS = st.builds(
    lambda method, target, version, lines, body: (
        method + b" " + target + b" HTTP/" + version + b"\r\n" + lines + b"\r\n" + body
    ),
    st.sampled_from([b"GET", b"POST", b"HEAD", b"BREW", b"get", b"G\x00T"]),
    st.one_of(st.sampled_from([b"/hello", b"/items/%ff?token=a", b"*", b"/\xff"]), st.binary()),
    st.sampled_from([b"1.1", b"1.0", b"9.9", b"1.1 "]),
    st.builds(
        lambda host, lines: host + lines, st.sampled_from([b"Host: a\r\n", b""]), HEADER_LINES
    ),
    st.binary(max_size=40),
)


@ON_A_SOCKET
@given(
    raw=st.one_of(REQUESTS, st.binary(max_size=500), st.lists(REQUESTS, max_size=3).map(b"".join))
)
def test_raw_bytes_get_the_bare_applications_statuses_and_an_id(
    ports: tuple[int, int, Captured], raw: bytes
) -> None:
    bare, port, captured = ports
    captured.clear()
    expected, got = statuses(talk(bare, raw)), talk(port, raw)
    # The end of what is sent may cut off either's last answers, and does not do so alike.
    for ours, theirs in zip(statuses(got), expected, strict=False):
        assert ours == theirs
    assert b"500" not in statuses(got)[len(expected) :]
    identities = re.findall(rb"^x-correlation-id: (\S+)\r$", got, re.MULTILINE)
    # What the parser refuses is answered by the server: no request came to be.
    assert len(identities) == len(statuses(got)) - got.count(REFUSED)
    wait_until(lambda: len(finished(captured)) >= len(identities))
    logged = [line["correlation_id"].encode() for line in finished(captured)]
    assert set(identities) <= set(logged)
    assert all(FIT_ID.fullmatch(identity) for identity in identities)
    assert http.REQUEST_FAILED.name not in captured.events()
