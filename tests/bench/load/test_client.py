"""The open loop, against a server of raw sockets that is told when to answer, and how."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bench.load import client
from bench.load.mix import Ask

ASK = Ask("GET", "/thing", b"GET /thing HTTP/1.1\r\n\r\n")
MADE_UP = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


def answer(status: int) -> bytes:
    return f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nx-correlation-id: a\r\n\r\n".encode()


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CONNECTIONS", 1)


@contextmanager
def served(answers: Callable[[int], bytes]) -> Iterator[int]:
    """Serve connections one by one; nothing in place of an answer closes the connection."""
    numbers = itertools.count()

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                while connection.recv(4096):
                    data = answers(next(numbers))
                    if not data:
                        break
                    connection.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_request_behind_a_slow_one_is_late_from_its_own_moment() -> None:
    stalls = threading.Event()

    def answers(number: int) -> bytes:
        if number == 0:
            stalls.wait(0.3)
        return answer(200)

    with served(answers) as port:
        tally = client.pace(port, [(step / 100, ASK) for step in range(10)])
    assert tally.answered == 10
    # Had the second one's clock started when it could be sent, it would not have waited at all.
    assert tally.latencies[1] > tally.latencies[0] - 2 / 100
    # That was the server's doing: the load sent it as soon as a connection was free.
    assert tally.late[1] < tally.latencies[1] / 2


def test_every_answer_is_counted_by_its_status() -> None:
    with served(lambda number: answer((200, 404, 503)[number % 3])) as port:
        tally = client.pace(port, [(0.0, ASK)] * 6)
    assert tally.counts == {("GET", "/thing", status): 2 for status in (200, 404, 503)}
    assert tally.failed == 2
    assert (tally.proxied, tally.broken) == (0, 0)


def test_what_the_service_did_not_answer_is_none_of_its_counts() -> None:
    with served(lambda number: (answer(200), MADE_UP, b"", answer(200))[number]) as port:
        tally = client.pace(port, [(0.0, ASK)] * 4)
    assert tally.counts == {("GET", "/thing", 200): 2}
    assert (tally.proxied, tally.broken) == (1, 1)
    assert len(tally.latencies) == 2


def test_a_closed_loop_keeps_asking_until_its_time_is_over() -> None:
    with served(lambda _: answer(200)) as port:
        tally = client.saturate(port, 0.1, lambda: (ASK, ASK))
    assert tally.answered > 2
    assert tally.seconds >= 0.1
