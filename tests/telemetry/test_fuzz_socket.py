"""Whatever bytes come over a socket: the bare application's status, and an ID with it.

Each goes to the bare application and to the wrapped one, under both of uvicorn's HTTP parsers.
`tests/telemetry/fuzzing.py` says how to let it run for an hour.
"""

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.applications import Starlette

from telemetry.catalog import http
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import finished
from tests.telemetry.fuzzing import (
    FIT_ID,
    HEADER_LINES,
    REQUESTS,
    ROUTES,
    of_cases,
    rounds,
)
from tests.telemetry.test_survival_socket import connected, read_until_closed, served, wait_until

REFUSED = b"Invalid HTTP request received."
QUIET_SECONDS = 0.03
PATIENCE_SECONDS = 10.0


@dataclass
class Servers:
    """The ports of the bare application and of the wrapped one, and what that one recorded."""

    bare: int
    wrapped: int
    captured: Captured
    cases: int = 0

    def begin(self) -> None:
        self.cases += 1
        self.captured.clear()


@pytest.fixture(scope="module", params=["h11", "httptools"])
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    with captured_telemetry() as captured:
        wrapped = captured.telemetry.wrap(Starlette(routes=ROUTES))
        with (
            served(Starlette(routes=ROUTES), request.param) as bare,
            served(wrapped, request.param) as port,
        ):
            yield Servers(bare, port, captured)
            raw = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            assert statuses(talk(port, raw, 1).all) == [b"200"]


@dataclass
class Answers:
    """What a server sent: `prompt` of it before it heard that there is no more to come."""

    prompt: bytes
    late: bytes = b""

    @property
    def all(self) -> bytes:
        return self.prompt + self.late


def talk(port: int, raw: bytes, awaited: int | None = None) -> Answers:
    """Send the bytes, let the server answer, say that there are no more, and read the rest.

    It is let answer until so many answers are there; where that is not known, until it is quiet.
    """
    answers = Answers(b"")
    until = time.monotonic() + PATIENCE_SECONDS
    with connected(port) as connection:
        try:
            connection.sendall(raw)
            connection.settimeout(QUIET_SECONDS)
            while _goes_on(connection, answers, awaited) and time.monotonic() < until:
                pass
            connection.settimeout(PATIENCE_SECONDS)
            connection.shutdown(socket.SHUT_WR)
            answers.late = read_until_closed(connection)
        except OSError:
            pass  # the server may have heard enough before all was sent
    return answers


def _goes_on(connection: socket.socket, answers: Answers, awaited: int | None) -> bool:
    """Read on; tell whether there is more to be waited for."""
    if awaited is not None and len(statuses(answers.prompt)) >= awaited:
        return False
    try:
        part = connection.recv(65_536)
    except TimeoutError:
        return awaited is not None
    answers.prompt += part
    return bool(part)


def statuses(answers: bytes) -> list[bytes]:
    """The status of each answer; one may follow a body that ends without a newline."""
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)


def ids(answers: bytes) -> list[bytes]:
    return re.findall(rb"^x-correlation-id: (\S+)\r$", answers, re.MULTILINE)


def test_raw_bytes_get_the_bare_applications_statuses_and_an_id(servers: Servers) -> None:
    @of_cases(30)
    @given(
        raw=st.one_of(
            REQUESTS, st.binary(max_size=500), st.lists(REQUESTS, max_size=3).map(b"".join)
        )
    )
    def cases(raw: bytes) -> None:
        servers.begin()
        captured = servers.captured
        bare = talk(servers.bare, raw)
        expected, complete = statuses(bare.all), len(statuses(bare.prompt))
        got = talk(servers.wrapped, raw, complete).all
        assert statuses(got)[:complete] == expected[:complete]
        # The end of what is sent may cut off either's last answers, and does not do so alike.
        for ours, theirs in zip(statuses(got), expected, strict=False):
            assert ours == theirs
        assert b"500" not in statuses(got)[len(expected) :]
        # What the parser refuses is answered by the server: no request came to be.
        assert len(ids(got)) == len(statuses(got)) - got.count(REFUSED)
        wait_until(lambda: len(finished(captured)) >= len(ids(got)))
        logged = [line["correlation_id"].encode() for line in finished(captured)]
        assert set(ids(got)) <= set(logged)
        assert all(FIT_ID.fullmatch(identity) for identity in ids(got))
        assert http.REQUEST_FAILED.name not in captured.events()

    rounds("bytes", cases, lambda: servers.cases)


def test_a_callers_id_comes_back_whatever_stands_beside_it(servers: Servers) -> None:
    @of_cases(30)
    @given(before=HEADER_LINES, after=HEADER_LINES)
    def cases(before: bytes, after: bytes) -> None:
        assume(b"x-correlation-id" not in (before + after).lower())
        servers.begin()
        lines = b"Host: a\r\n%sX-Correlation-ID: caller-1\r\n%s" % (before, after)
        raw = b"GET /hello HTTP/1.1\r\n%s\r\n" % lines
        complete = len(statuses(talk(servers.bare, raw).prompt))
        got = talk(servers.wrapped, raw, complete).all
        assert len(statuses(got)) >= complete
        # A value with a line's end in it may end the request before its ID.
        if b"\n\n" not in lines.replace(b"\r", b"") and not got.startswith(b"HTTP/1.1 400"):
            assert ids(got)[:1] == [b"caller-1"][: len(statuses(got))]
            assert len(ids(got)) == len(statuses(got)) - got.count(REFUSED)

    rounds("headers", cases, lambda: servers.cases)
