"""One request under way: its server span, which watches the answer go out.

Made by the middleware before the application sees the request, told by the reporter after the last
byte. What costs is left for then: here are the identities, the clocks and the answer's status.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from starlette.types import Message, Scope, Send

from telemetry.bounds import Count
from telemetry.edge import correlation_id_of, headers_of, method_of, remote_of, scheme_of
from telemetry.spans import NO_STATE, RecordedSpan, new_trace_id
from telemetry.tracer import LeanTracer

_HEADER: Final = b"x-correlation-id"
_HEADER_SIZE: Final = len(_HEADER)
_FIRST_SERVER_ERROR: Final = 500
_SERVER: Final = SpanKind.SERVER
_NO_WORK: Final = Context()


class ServerSpan(RecordedSpan):
    """Records even where it is not sampled, so that a failure can be kept.

    `status` and `ended` are 0 as long as no answer has begun, or ended.
    """

    status: int = 0
    ended: float = 0.0
    seconds: float = 0.0
    error: BaseException | None = None
    reported: bool = False
    _trailers: bool = False

    def __init__(  # noqa: PLR0913, PLR0917  # made for each request: no object for its arguments
        self,
        scope: Scope,
        send: Send,
        tracer: LeanTracer,
        known_methods: AbstractSet[str],
        finished: Callable[["ServerSpan"], None],
        refused: Count,
    ) -> None:
        """Read an ASGI `http` scope; never raises on what a client sent."""
        headers = headers_of(scope, refused)
        remote = remote_of(headers, refused)
        if remote is None:
            trace_id = new_trace_id()
            flags = tracer.sampling.flags_of(trace_id)
            super().__init__("", _SERVER, trace_id, flags, NO_STATE, tracer.sink)
        else:
            flags = tracer.sampling.flags_below(remote)
            super().__init__("", _SERVER, remote.trace_id, flags, remote.trace_state, tracer.sink)
            self.parent_id = remote.span_id
            self.parent_is_remote = True
        self.scope = scope
        self.headers = headers
        self.method = method_of(scope, known_methods)
        self.scheme = scheme_of(scope)
        self.correlation_id = correlation_id_of(headers, refused)
        self._send = send
        self._finished = finished
        self.started = time.perf_counter()

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on; add the header to the first, note the time of the last."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            self._trailers = message.get("trailers", False)
            message["headers"] = self._with_correlation_id(message.get("headers", ()))
        elif self._is_last(kind, message):
            return self._send_last(message)
        return self._send(message)

    async def _send_last(self, message: Message) -> None:
        # The server sets its keep-alive timer now, and a timer keeps the context it is set in: with
        # the span in it, every idle connection would hold on to a whole request.
        work = otel_context.attach(_NO_WORK)
        try:
            await self._send(message)
        finally:
            otel_context.detach(work)
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

    def _with_correlation_id(
        self, headers: Iterable[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        """Return the answer's headers with ours in the place of any of the same name."""
        kept: list[tuple[bytes, bytes]] = []
        for pair in headers:
            if len(pair[0]) != _HEADER_SIZE or pair[0].lower() != _HEADER:
                kept.append(pair)  # noqa: PERF401  # once a request: a comprehension costs a frame
        kept.append((_HEADER, self.correlation_id.encode()))
        return kept
