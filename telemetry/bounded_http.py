"""One POST to a peer that may be broken in any way: its time and what is read of it are bounded.

A socket's own timeout begins anew with each call, so a peer that drips could hold a thread without
end; and a body, a header or a run of `100 Continue` may have none. Here one deadline covers all.
The head is made once and the answer parsed in C, for what Python does here keeps a request waiting.
"""

import selectors
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import SplitResult

import httptools

from telemetry.giving_way import give_way
from telemetry.protobuf import Parts

_MAX_ANSWER_BYTES: Final = 64 * 1024
_PIECE_BYTES: Final = 32 * 1024
_WOULD_BLOCK: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_ENDS: Final = (b"content-length", b"transfer-encoding")
_PORTS: Final = {"http": 80, "https": 443}


class MalformedError(Exception):
    """What came is no answer of HTTP/1.1, or has no end."""


class Answer(NamedTuple):
    """The peer's answer; `retry_after_seconds` is what it asked for, as it asked."""

    status: int
    body: bytes
    retry_after_seconds: float | None


class BoundedHttp:
    """Posts to one address over one kept connection. `https` verifies the peer's certificate."""

    def __init__(self, url: SplitResult, path: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        fields = {"Host": url.netloc.rpartition("@")[2], "Accept-Encoding": "identity", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._head = f"POST {path} HTTP/1.1\r\n{lines}Content-Length: ".encode("latin-1")
        self._connection: socket.socket | None = None

    def post(self, body: Parts, timeout_seconds: float) -> Answer:
        """Return the answer to one POST; `OSError` or `MalformedError` where there is none.

        `body` is joined piece by piece as it is sent, so that requests run in between. The time
        covers everything but the look-up of a name, which the system bounds, and further addresses
        of that name, each of which has the time for itself.
        """
        until = time.monotonic() + timeout_seconds
        try:
            connection = self._connection or self._connect(until)
            head = self._head + b"%d\r\n\r\n" % body.size
            for piece in _pieces((head, *body.parts)):
                _send(connection, piece, until)
            reading = _Reading()
            keeps = reading.read(connection, until)
        except BaseException:
            self.close()
            raise
        if not keeps:
            self.close()
        return reading.answer()

    def close(self) -> None:
        """Close the connection; the next POST opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self, until: float) -> socket.socket:
        host = self._url.hostname
        assert host is not None  # noqa: S101  # checked where the URL is read
        address = (host, self._url.port or _PORTS[self._url.scheme])
        connection = socket.create_connection(address, _left(until))
        self._connection = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            connection.settimeout(_left(until))
            connection = self._connection = self._tls.wrap_socket(connection, server_hostname=host)
        connection.setblocking(False)  # noqa: FBT003  # the socket module's own signature
        return connection


class _Reading:
    """Reads one answer; its methods in `on_` are what httptools calls."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._retry_after = ""
        self._status = 0
        self._has_an_end = False
        self._is_whole = False
        self._keeps = False

    def read(self, connection: socket.socket, until: float) -> bool:
        """Read to the answer's end; return whether another may follow on the connection.

        An answer whose body does not end as it should has its status, and no body.
        """
        left = _MAX_ANSWER_BYTES
        try:
            while not self._is_whole:
                if left <= 0:
                    raise MalformedError  # noqa: TRY301  # as any other that does not end
                data = _receive(connection, min(left, 16 * 1024), until)
                if not data:
                    return self._closed()
                left -= len(data)
                self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._status:
                raise MalformedError from error
            self._keeps = False
        except (OSError, MalformedError):
            if not self._status:
                raise
        if not self._is_whole:
            self._body.clear()
        return self._keeps

    def _closed(self) -> bool:
        """Take the connection's end, which is a body's where nothing else says where that ends."""
        if not self._status:
            message = "the peer closed the connection"
            raise ConnectionResetError(message)
        if self._has_an_end:
            self._body.clear()
        return False

    def answer(self) -> Answer:
        """Return what was read."""
        return Answer(self._status, b"".join(self._body), _seconds(self._retry_after))

    def on_message_begin(self) -> None:
        """Take no second answer, which nobody asked for: what is raised here ends the parsing."""
        if self._is_whole:
            raise MalformedError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        name = name.lower()
        if name == b"retry-after":
            self._retry_after = value.decode("latin-1")
        elif name in _ENDS:
            self._has_an_end = True

    def on_headers_complete(self) -> None:
        """Take the status, unless it announces another."""
        status = self._parser.get_status_code()
        if status >= HTTPStatus.OK:
            self._status = status

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """Take the end."""
        if self._status:
            self._is_whole = True
            self._keeps = self._parser.should_keep_alive()


def _send(connection: socket.socket, piece: bytes, until: float) -> None:
    """Send to a socket that does not block; `TimeoutError` past the moment.

    Nothing but the call itself, where the peer keeps up: each one gives the interpreter away, and
    to have it back is what costs.
    """
    left = memoryview(piece)
    _left(until)
    while left:
        try:
            left = left[connection.send(left) :]
        except _WOULD_BLOCK as why:
            _wait(connection, selectors.EVENT_WRITE, why, until)


def _receive(connection: socket.socket, most: int, until: float) -> bytes:
    while True:
        try:
            return connection.recv(most)
        except _WOULD_BLOCK as why:
            _wait(connection, selectors.EVENT_READ, why, until)


def _wait(connection: socket.socket, event: int, why: Exception, until: float) -> None:
    """Wait until the socket is ready for what it was not; `TimeoutError` past the moment."""
    if isinstance(why, ssl.SSLWantReadError):
        event = selectors.EVENT_READ
    elif isinstance(why, ssl.SSLWantWriteError):
        event = selectors.EVENT_WRITE
    with selectors.DefaultSelector() as selector:
        selector.register(connection, event)
        if not selector.select(_left(until)):
            raise TimeoutError


def _left(until: float) -> float:
    """Return the seconds until the moment; `TimeoutError` past it."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts, small ones joined, with a rest before each piece."""
    waiting: list[bytes] = []
    size, enough = 0, give_way() * _PIECE_BYTES
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= enough:
            yield b"".join(waiting)
            waiting, size, enough = [], 0, give_way() * _PIECE_BYTES
    if waiting:
        yield b"".join(waiting)


def _seconds(retry_after: str) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3): seconds, or a date. None for anything else."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
