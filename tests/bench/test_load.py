"""The load, against a server of raw sockets that answers when it is told to."""

import socket
import threading
from collections.abc import Callable

import pytest

from bench.client import LoadError, connected

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def served(answers: Callable[[int], bytes], requests: int) -> tuple[int, threading.Thread]:
    """Serve one connection; `answers` is called with the number of the request."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening, listening.accept()[0] as connection:
            for number in range(requests):
                data = b""
                while not data.endswith(b"\r\n\r\n"):
                    data += connection.recv(4096)
                connection.sendall(answers(number))

    thread = threading.Thread(target=serve)
    thread.start()
    return listening.getsockname()[1], thread


def test_a_request_held_up_behind_a_slow_one_is_late_from_its_own_moment() -> None:
    stalls = threading.Event()

    def answers(number: int) -> bytes:
        if number == 0:
            stalls.wait(0.3)
        return ANSWER

    port, thread = served(answers, 10)
    with connected(port, path="/", body=b"ok", connections=1) as client:
        slice_ = client.pace(100, 0.1)
    thread.join()
    assert slice_.requests == client.answered == 10
    # Had the second one's clock started when it could be sent, it would not have waited at all.
    assert slice_.latencies[1] > slice_.latencies[0] - 2 / 100


def test_a_wrong_answer_ends_the_load() -> None:
    port, thread = served(lambda _: b"HTTP/1.1 500 Oh\r\n\r\n", 1)
    with (
        connected(port, path="/", body=b"ok", connections=1) as client,
        pytest.raises(LoadError, match="500 Oh"),
    ):
        client.pace(100, 0.01)
    thread.join()
