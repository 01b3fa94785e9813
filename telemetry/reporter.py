"""What is told of a request that has ended: its span, its duration, its access line, once.

All three are made from the same values, so they agree. A trace that was not to be kept is kept
after all where the request failed or was slow; only a kept trace becomes an exemplar.
"""

import asyncio
import contextvars
import time
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from opentelemetry.trace import StatusCode
from starlette.types import Scope

from telemetry.access_log import AccessLog
from telemetry.bounds import Count
from telemetry.catalog import CORRELATION_ID, http
from telemetry.catalog.pipeline import THREAD_FAILURES
from telemetry.edge import Peer, add_own_attributes, kind_attributes, peer_of
from telemetry.instruments import Measured
from telemetry.logging import Lines, exception_fields
from telemetry.metrics import Meter
from telemetry.outcome import Outcome
from telemetry.sampling import Sampling
from telemetry.server_span import ServerSpan
from telemetry.spans import SAMPLED_BIT
from telemetry.tracer import error_type_of

NO_RESPONSE: Final = "no_response"
"""The `error.type` of a request that the application left without a whole answer."""

_NO_CONTEXT: Final = contextvars.Context()
_FIRST_SERVER_ERROR: Final = int(HTTPStatus.INTERNAL_SERVER_ERROR)
_NANOSECONDS: Final = 1_000_000_000
_OUTCOMES_KEPT: Final = 4096
_EVENT_LOOP: Final = "event-loop"
"""The thread under whose name an error of the telling is counted."""


class Reporter:
    """Turns ended requests into signals, all that ended in one round of the event loop together.

    The same work done in one go costs a third less than between two requests, because its code and
    data are still at hand. Where little is asked a round has one request, and none waits for
    another's signals; in a rush `batch` are told at once, and the rush pays least.
    """

    def __init__(  # noqa: PLR0913  # where all signals of a request meet
        self,
        sampling: Sampling,
        meter: Meter,
        lines: Lines,
        access_log: AccessLog,
        route_of: Callable[[Scope], str | None],
        *,
        batch: int,
        refused: Count,
    ) -> None:
        self._sampling = sampling
        self._slow_seconds = sampling.slow_seconds
        self._writes_all = sampling.access_log_ratio >= 1
        self._lines = lines
        self._access_log = access_log
        self._route_of = route_of
        self._batch = batch
        self._refused = refused
        self._outcome = lru_cache(maxsize=_OUTCOMES_KEPT)(Outcome)
        self._waiting: list[ServerSpan] = []
        self._duration = meter.histogram(http.REQUEST_DURATION)
        self._failures = meter.counter(THREAD_FAILURES)
        self._failures.add(0, _EVENT_LOOP)

    def failed(self, span: ServerSpan, error: Exception) -> None:
        """Tell of an exception that no handler expected."""
        self._lines.write(
            "error",
            http.REQUEST_FAILED.name,
            exception_fields(error),
            span_context=span.context,
            correlation=span.correlation_id,
        )

    def finished(self, span: ServerSpan) -> None:
        """Note that a request has ended, unless that was done."""
        if span.reported:
            return
        span.reported = True
        span.seconds = (span.ended or time.perf_counter()) - span.started
        waiting = self._waiting
        waiting.append(span)
        if len(waiting) >= self._batch:
            self.flush()
        elif len(waiting) == 1:
            self._flush_soon()

    def _flush_soon(self) -> None:
        """Flush when the round is over; at once where no round of asyncio's will end."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_soon(self.flush, context=_NO_CONTEXT)

    def flush(self) -> None:
        """Tell of every request that waits; never raises, for it may be a request that calls."""
        waiting, self._waiting = self._waiting, []
        now = time.time()
        measured: list[Measured] = []
        lines: list[bytes] = []
        for span in waiting:
            try:
                self._tell(span, now, measured, lines)
            except Exception:  # noqa: BLE001  # an error of ours, counted: the others are told
                self._failures.add(1, _EVENT_LOOP)
        self._duration.observe_all(measured)
        if lines:
            self._access_log.write(lines)

    def _tell(
        self, span: ServerSpan, now: float, measured: list[Measured], lines: list[bytes]
    ) -> None:
        seconds, status = span.seconds, span.status
        fine = span.error is None and span.ended and status < _FIRST_SERVER_ERROR
        outcome = self._outcome(
            span.method,
            span.scheme,
            self._route_of(span.scope),
            status,
            "" if fine else _error_type(span),
        )
        peer = peer_of(span.scope, self._refused)
        end_time = span.start_time + int(seconds * _NANOSECONDS)
        slow = seconds >= self._slow_seconds
        if slow or outcome.failed:
            span.keep()
        if slow or self._writes_all or not outcome.succeeded or self._sampling.writes(span):
            self._access_log.add(lines, span, outcome, end_time, peer)
        exemplar = None
        if span.flags & SAMPLED_BIT:
            exemplar = span.trace_id, span.span_id, seconds, now
            self._end(span, outcome, end_time, peer)
        measured.append((outcome.labels, seconds, exemplar))

    def _end(self, span: ServerSpan, outcome: Outcome, end_time: int, peer: Peer) -> None:
        span.name = outcome.span_name
        kind = kind_attributes(span.scope, span.method, span.scheme, self._refused)
        span.shared = (kind, peer.attributes, outcome.shared)
        span.is_exemplar = True
        if span.attributes:
            _drop_ours(span)
        add_own_attributes(span.attributes, span.scope, span.method, self._refused)
        if outcome.failed:
            span.status_code = StatusCode.ERROR
        span.end(end_time)


def _drop_ours(span: ServerSpan) -> None:
    """Take out what the application said that is ours to say: a key stands once on the wire."""
    for key in [key for key in span.attributes if any(key in each for each in span.shared)]:
        del span.attributes[key]
    span.attributes.pop(CORRELATION_ID, None)


def _error_type(span: ServerSpan) -> str:
    if span.error is not None:
        return error_type_of(span.error)
    if not span.status or not span.ended:
        return NO_RESPONSE
    return str(span.status)
