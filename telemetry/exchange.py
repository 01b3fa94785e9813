"""One request under way: what is known of it, and the `send` that watches its answer go out."""

import time
from collections.abc import Callable
from typing import Final

from starlette.types import Message, Send

from telemetry.edge import Request
from telemetry.spans import RecordedSpan

_HEADER: Final = b"x-correlation-id"
_FIRST_SERVER_ERROR: Final = 500


class Exchange:
    """`status` and `ended` are 0 as long as no answer has begun, or ended."""

    __slots__ = (
        "_finished",
        "_send",
        "_trailers",
        "ended",
        "error",
        "reported",
        "request",
        "seconds",
        "span",
        "started",
        "status",
    )

    def __init__(
        self,
        request: Request,
        span: RecordedSpan,
        send: Send,
        finished: Callable[["Exchange"], None],
    ) -> None:
        self.request = request
        self.span = span
        self.started = time.perf_counter()
        self.status = 0
        self.ended = 0.0
        self.seconds = 0.0
        self.error: BaseException | None = None
        self.reported = False
        self._send = send
        self._trailers = False
        self._finished = finished

    async def send(self, message: Message) -> None:
        """Pass a message on; add the header to the first, note the time of the last."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            self._trailers = message.get("trailers", False)
            message["headers"] = self._with_correlation_id(message.get("headers", ()))
            await self._send(message)
            return
        await self._send(message)
        if self._is_last(kind, message):
            self.ended = time.perf_counter()
            if self.status < _FIRST_SERVER_ERROR:
                # Background tasks come after this and are no part of the request. A failed one
                # waits for the exception that tells why.
                self._finished(self)

    def _is_last(self, kind: str, message: Message) -> bool:
        if kind == "http.response.body":
            return not (message.get("more_body", False) or self._trailers)
        if kind == "http.response.trailers":
            return not message.get("more_trailers", False)
        return kind == "http.response.pathsend"

    def _with_correlation_id(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return the answer's headers with ours in the place of any of the same name."""
        kept = [pair for pair in headers if pair[0].lower() != _HEADER]
        kept.append((_HEADER, self.request.correlation_id.encode()))
        return kept
