"""HTTP/1.1 as uvicorn speaks it, with the bounds that it has not.

Between the socket and the telemetry middleware: what is refused here has been no request yet, so
it has no span and no access line; it is counted (`access.refusals`). Bounded are the connections,
the bytes and the time of a request's head, and the time that an answer may wait for its reader.
The time of a body is `app.http.bodies`'s.
"""

import asyncio
from asyncio.events import TimerHandle
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app import signals
from app.http.bodies import BODY_IS_HERE
from telemetry.metrics import Meter

_SEPARATORS: Final = 4  # ": " and the end of the line
_DETAILS: Final = {
    HTTPStatus.BAD_REQUEST: "This is not HTTP/1.1.",
    HTTPStatus.REQUEST_TIMEOUT: "The request's head did not arrive in time.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The request's line and headers are too long.",
    HTTPStatus.SERVICE_UNAVAILABLE: "There are too many connections.",
}


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of each connection, and of their number; times in seconds."""

    connections: int
    head_bytes: int
    head_seconds: float
    write_seconds: float


class Door:
    """What all connections of a server share: their bounds, and who counts."""

    def __init__(self, limits: ConnectionLimits, meter: Meter) -> None:
        self.limits = limits
        self._refusals = meter.counter(signals.REFUSALS)
        self._open_now = meter.gauge(signals.CONNECTIONS).of()

    def refused(self, reason: str) -> None:
        """Count what was turned away."""
        self._refusals.add(1, reason)

    def moved(self, by: int) -> None:
        """Count a connection that opened or closed."""
        self._open_now.move(by)


def bounded_protocol(limits: ConnectionLimits, meter: Meter) -> type[asyncio.Protocol]:
    """Return the protocol class that a server is given as its `http`."""

    class Bounded(BoundedProtocol):
        door = Door(limits, meter)

    return Bounded


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    door: ClassVar[Door]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # uvicorn's own
        super().__init__(*args, **kwargs)
        self._heads = 0
        self._in_head = False
        self._unparsed = 0
        self._is_refused = False
        self._head_timer: TimerHandle | None = None
        self._write_timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request, unless there are too many connections."""
        super().connection_made(transport)
        self.door.moved(1)
        if len(self.connections) > self.door.limits.connections:
            self._refuse("connections", HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection and its timers."""
        self.door.moved(-1)
        self._stop_awaiting_head()
        self._stop_awaiting_reader()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and look at what the parser is left with."""
        if self.transport.is_closing():
            return
        head = self._heads if self._in_head else None
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            self._unparsed += len(data) if head == self._heads else 0
            self._is_refused = self._unparsed > self.door.limits.head_bytes
        if self._is_refused:
            self._refuse("head_too_large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._in_head or not (self._is_busy() or self.timeout_keep_alive_task):
            self._await_head()
        else:
            self._stop_awaiting_head()

    def on_message_begin(self) -> None:
        """Begin a head; the parser holds a line back until its end, so raw bytes count as well."""
        super().on_message_begin()
        self._heads += 1
        self._in_head = True
        self._unparsed = 0

    def on_headers_complete(self) -> None:
        """Hand the request on, unless its head is too long."""
        self._in_head = False
        if self._head_length() > self.door.limits.head_bytes:
            self._is_refused = True
        elif not self._is_refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, unless nobody waits for it."""
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a body, unless nobody waits for it."""
        if not self._is_refused:
            super().on_message_complete()
            self.scope[BODY_IS_HERE] = True  # type: ignore[typeddict-unknown-key]  # ours

    def pause_writing(self) -> None:
        """Begin to wait for a client that takes its answer too slowly."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(
            self.door.limits.write_seconds, self._give_up_reader
        )

    def resume_writing(self) -> None:
        """Go on: the client has taken what there was."""
        self._stop_awaiting_reader()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's words, not ours
        """Refuse what is no HTTP."""
        self._refuse("malformed", HTTPStatus.BAD_REQUEST)

    def _head_length(self) -> int:
        fields = sum(len(name) + len(value) + _SEPARATORS for name, value in self.headers)
        return len(self.url) + fields

    def _is_busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(
                self.door.limits.head_seconds, self._give_up_head
            )

    def _stop_awaiting_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_awaiting_reader(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _give_up_head(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._is_busy():
            self._await_head()  # the answer before it comes first
        elif self._in_head:
            self._refuse("head_too_slow", HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()  # a connection on which nothing was asked

    def _give_up_reader(self) -> None:
        self._write_timer = None
        self.door.refused("answer_not_read")
        self.transport.abort()

    def _refuse(self, reason: str, status: HTTPStatus) -> None:
        """Answer by a problem and close; where another answer is under way, only close."""
        self.door.refused(reason)
        if not self._is_busy():
            self.transport.write(_answer(status))
        self.transport.close()


def _answer(status: HTTPStatus) -> bytes:
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": _DETAILS[status],
    }
    body = orjson.dumps(problem)
    retry = "Retry-After: 1\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{retry}"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
