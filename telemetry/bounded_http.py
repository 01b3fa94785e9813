"""One POST to a peer that may be broken in any way: its time and what is read of it are bounded.

A socket's own timeout begins anew with each byte, so a peer that drips could hold a thread without
end; and a body, a header or a run of `100 Continue` may have none. Here one deadline covers all.
"""

import contextlib
import http.client
import io
import socket
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import SplitResult

from telemetry.giving_way import PIECE, give_way
from telemetry.protobuf import Parts

_MAX_ANSWER_BYTES: Final = 64 * 1024


class Answer(NamedTuple):
    """The peer's answer; `retry_after_seconds` is what it asked for, as it asked."""

    status: int
    body: bytes
    retry_after_seconds: float | None


class BoundedHttp:
    """Posts to one address over one kept connection. `https` verifies the peer's certificate."""

    def __init__(self, url: SplitResult, path: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._path = path
        self._headers = headers
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: Parts, timeout_seconds: float) -> Answer:
        """Return the answer to one POST; `OSError` or `HTTPException` where there is none.

        `body` is joined piece by piece as it is sent, so that requests run in between. The time
        covers everything but the look-up of a name, which the system bounds.
        """
        until = time.monotonic() + timeout_seconds
        connection = self._connection or self._new_connection()
        connection.timeout = timeout_seconds
        connection.response_class = partial(_Response, until)  # type: ignore[assignment]  # a factory
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout_seconds)
            connection.putrequest("POST", self._path)
            for name, value in self._headers.items():
                connection.putheader(name, value)
            connection.putheader("content-length", str(body.size))
            connection.endheaders()
            for start in range(0, len(body.parts), PIECE):
                give_way()
                _bound(connection.sock, until)
                connection.send(b"".join(body.parts[start : start + PIECE]))
            response = connection.getresponse()
            give_way()
        except BaseException:
            self.close()
            raise
        retry_after = _seconds(response.headers.get("retry-after", ""))
        return Answer(response.status, self._content(response), retry_after)

    def close(self) -> None:
        """Close the connection; the next POST opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _new_connection(self) -> http.client.HTTPConnection:
        assert self._url.hostname is not None  # noqa: S101  # checked where the URL is read
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(self._url.hostname, self._url.port)
        return self._connection

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        """Return the body, empty where it does not end as it should: the status stands anyway."""
        content = b""
        with contextlib.suppress(OSError, http.client.HTTPException):
            content = response.read(_MAX_ANSWER_BYTES)
        if not response.isclosed():  # there is more, which the next POST must not meet
            response.close()
            self.close()
        return content


class _Response(http.client.HTTPResponse):
    def __init__(self, until: float, sock: socket.socket, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(_BoundedReader(sock, until))


class _BoundedReader(io.RawIOBase):
    """What arrives on a socket, up to a number of bytes and a moment on the monotonic clock."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._until = until
        self._left = _MAX_ANSWER_BYTES
        self._file = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        """Read what has arrived; `TimeoutError` past the moment, `OSError` past the bytes."""
        if self._left <= 0:
            message = "the answer has no end"
            raise http.client.HTTPException(message)
        _bound(self._connection, self._until)
        count = self._file.readinto(buffer)
        self._left -= count or 0
        return count

    def close(self) -> None:
        """Let the socket go, if nobody else holds it."""
        self._file.close()
        super().close()


def _bound(connection: socket.socket, until: float) -> None:
    """Let the next call on the socket last until the moment; `TimeoutError` past it."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    connection.settimeout(seconds)


def _seconds(retry_after: str) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3): seconds, or a date. None for anything else."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
