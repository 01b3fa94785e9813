"""One deadline covers a POST, however it is cut into pieces."""

import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from telemetry.bounded_http import BoundedHttp, MalformedError
from telemetry.protobuf import Parts
from tests.telemetry.faulty_collector import (
    ClosedError,
    Fault,
    FaultyCollector,
    answers,
    collector,
    reading_slowly,
    receive,
)

PATIENCE_SECONDS = 20.0


@pytest.mark.parametrize("parts", [0, 1, 100, 300])
def test_every_piece_arrives_in_its_order(parts: int) -> None:
    body = Parts.of([number.to_bytes(2, "big") * 512 for number in range(parts)])
    with collector(answers(204)) as serving:
        with closing(BoundedHttp(urlsplit(serving.endpoint), "/", {})) as http:
            assert http.post(body, PATIENCE_SECONDS).status == 204
        assert serving.requests[0].body == b"".join(body.parts)


def test_a_peer_that_takes_each_piece_in_time_does_not_get_more_than_the_time() -> None:
    body = Parts.of([bytes(4096)] * 5_000)
    with (
        collector(reading_slowly) as slow,
        closing(BoundedHttp(urlsplit(slow.endpoint), "/", {})) as http,
        pytest.raises(TimeoutError),
    ):
        http.post(body, 0.5)


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def raw(*parts: bytes, closes: bool = False) -> Fault:
    """Answer a request with these bytes, and keep the connection unless it `closes`."""

    def fault(serving: FaultyCollector, connection: socket.socket) -> None:
        receive(serving, connection)
        for part in parts:
            connection.sendall(part)
        if closes:
            raise ClosedError

    return fault


@pytest.mark.parametrize(
    ("fault", "status", "body", "connections"),
    [
        (raw(WHOLE), 200, b"hi", 1),
        (raw(b"HTTP/1.1 100 Continue\r\n\r\n", WHOLE), 200, b"hi", 1),
        (raw(WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")), 200, b"hi", 2),
        (raw(b"HTTP/1.1 200 OK\r\n\r\nto the end", closes=True), 200, b"to the end", 2),
        (raw(WHOLE[:-1], closes=True), 200, b"", 2),
        # What nobody asked for is of no account, and ends the connection.
        (raw(WHOLE + b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), 200, b"hi", 2),
        (raw(WHOLE + b"HTTP/1.1 503 N"), 200, b"hi", 2),
        (raw(WHOLE + b"garbage"), 200, b"hi", 2),
    ],
)
def test_an_answer_is_read_as_far_as_it_goes(
    fault: Fault, status: int, body: bytes, connections: int
) -> None:
    with (
        collector(fault) as serving,
        closing(BoundedHttp(urlsplit(serving.endpoint), "/", {})) as http,
    ):
        for _ in range(2):
            answer = http.post(Parts.of([b"span"]), PATIENCE_SECONDS)
            assert (answer.status, answer.body) == (status, body)
        assert serving.connections == connections


def test_an_upgrade_that_nobody_asked_for_is_no_answer() -> None:
    upgrade = b"HTTP/1.1 101 Now\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    with (
        collector(raw(upgrade)) as serving,
        closing(BoundedHttp(urlsplit(serving.endpoint), "/", {})) as http,
        pytest.raises(MalformedError),
    ):
        http.post(Parts.of([b"span"]), PATIENCE_SECONDS)
