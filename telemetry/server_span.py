"""One request under way: its server span, which watches the answer go out.

Made by the middleware before the application sees the request, told by the reporter after the last
byte. What costs is left for then: here are the identities, the clocks and the answer's status.
"""

from collections.abc import Awaitable, Callable, Collection
from collections.abc import Set as AbstractSet
from random import getrandbits
from time import perf_counter, time_ns
from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import Message, Scope, Send

from telemetry.bounds import Count
from telemetry.catalog.http import OTHER_METHOD, OTHER_SCHEME
from telemetry.context import attach, detach
from telemetry.edge import CONTEXT_HEADERS, SCHEMES, caller_of
from telemetry.instruments import Number
from telemetry.sampling import Sampling
from telemetry.spans import NO_STATE, NOTHING_CUT, RecordedSpan
from telemetry.tracer import LeanTracer

_HEADER: Final = b"x-correlation-id"
_HEADER_SIZE: Final = len(_HEADER)
_FIRST_SERVER_ERROR: Final = 500
_SERVER: Final = SpanKind.SERVER
_UNSET: Final = StatusCode.UNSET
_NO_WORK: Final = Context()

# A request's IDs are drawn in one go: trace (16 bytes), span (8), correlation (16). A trace ID and
# a span ID are never zero: the first bit of the one and the last of the other are always set.
_DRAWN_BYTES: Final = 40
_DRAWN_BITS: Final = 8 * _DRAWN_BYTES
_NEVER_ZERO: Final = 1 << (_DRAWN_BITS - 1) | 1 << (8 * 16)


class ServerSpan(RecordedSpan):
    """Records even where it is not sampled, so that a failure can be kept.

    `status` and `ended` are 0 as long as no answer has begun, or ended. `active` counts it until
    then.
    """

    __slots__ = (
        *("scope", "method", "scheme", "active", "status", "error", "started", "ended", "seconds"),
        *("reported", "_send", "_finished", "_trailers"),
    )

    active: Number

    def __init__(  # noqa: PLR0913, PLR0917  # made for each request: no object for its arguments
        self,
        scope: Scope,
        send: Send,
        tracer: LeanTracer,
        known_methods: AbstractSet[str],
        finished: Callable[["ServerSpan"], None],
        refused: Count,
    ) -> None:
        """Read an ASGI `http` scope; never raises on what a client sent.

        In one piece, the base's part included: calls are most of what this would cost.
        """
        drawn = (getrandbits(_DRAWN_BITS) | _NEVER_ZERO).to_bytes(_DRAWN_BYTES, "big")
        self.trace_id = drawn[:16]
        self.span_id = drawn[16:24]
        self.correlation_id = drawn[24:].hex()
        sampling = tracer.sampling
        self.flags = sampling.flags_of_all or sampling.flags_of(self.trace_id)
        self.parent_id = b""
        self.parent_is_remote = False
        self.trace_state = NO_STATE
        for header in scope["headers"]:
            if header[0] in CONTEXT_HEADERS:
                self._continue(scope, sampling, refused)
                break
        method, scheme = scope["method"], scope.get("scheme", "http")
        self.method = method if method in known_methods else OTHER_METHOD
        self.scheme = scheme if scheme in SCHEMES else OTHER_SCHEME
        self.scope = scope
        self.name = ""
        self.kind = _SERVER
        self.status_code = _UNSET
        self.shared = ()
        self.attributes = {}
        self.links = ()
        self.cut = NOTHING_CUT
        self.status = self.end_time = self.dropped_attributes = self.dropped_links = 0
        self.ended = self.seconds = 0.0
        self.error: BaseException | None = None
        self.reported = self.is_exemplar = self._trailers = False
        self._context = None
        self._sink = tracer.sink
        self._send = send
        self._finished = finished
        self.start_time = time_ns()
        self.started = perf_counter()

    def _continue(self, scope: Scope, sampling: Sampling, refused: Count) -> None:
        """Go on with what the caller sent: its correlation ID, and the trace that it is in."""
        correlation_id, parent = caller_of(scope, refused)
        if correlation_id is not None:
            self.correlation_id = correlation_id
        if parent is not None:
            self.trace_id = parent.trace_id.to_bytes(16, "big")
            self.flags = sampling.flags_below(parent)
            self.trace_state = parent.trace_state
            self.parent_id = parent.span_id.to_bytes(8, "big")
            self.parent_is_remote = True

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on; add the header to the first, note the time of the last."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            if "trailers" in message:
                self._trailers = message["trailers"]
            message["headers"] = self._with_correlation_id(message.get("headers", ()))
        elif kind == "http.response.body":
            if not (message.get("more_body") or self._trailers):
                return self._send_last(message)
        elif kind == "http.response.pathsend" or (
            kind == "http.response.trailers" and not message.get("more_trailers")
        ):
            return self._send_last(message)
        return self._send(message)

    async def _send_last(self, message: Message) -> None:
        # The server sets its keep-alive timer now, and a timer keeps the context it is set in: with
        # the span in it, every idle connection would hold on to a whole request.
        work = attach(_NO_WORK)
        try:
            await self._send(message)
        finally:
            detach(work)
        if not self.ended:  # an application may go on sending
            self.ended = perf_counter()
            self.active.value -= 1
        if self.status < _FIRST_SERVER_ERROR:
            # Background tasks come after this and are no part of the request. A failed one
            # waits for the exception that tells why.
            self._finished(self)

    def _with_correlation_id(
        self, headers: Collection[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        """Return the answer's headers with ours in the place of any of the same name."""
        own = (_HEADER, self.correlation_id.encode())
        for pair in headers:
            if len(pair[0]) == _HEADER_SIZE:  # it may be ours: most answers have none that long
                return [*(pair for pair in headers if pair[0].lower() != _HEADER), own]
        return [*headers, own]
