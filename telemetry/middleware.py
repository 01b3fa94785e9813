"""The single pass: everything that one HTTP request owes to telemetry, in one ASGI layer.

It stands outside the application, Starlette's ServerErrorMiddleware included, so that it sees the
status and the exception of every request. In: correlation ID, trace context, span, in-progress
count. Out: the header, span attributes, the duration with its exemplar, one access line.
"""

from collections.abc import Set as AbstractSet
from http import HTTPStatus

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from telemetry.bounds import Count
from telemetry.catalog import http
from telemetry.context import attach, detach, request_context
from telemetry.instruments import Number
from telemetry.metrics import Meter
from telemetry.reporter import Reporter
from telemetry.server_span import ServerSpan
from telemetry.tracer import LeanTracer


class TelemetryMiddleware:
    """Wraps an ASGI application; other scopes than HTTP pass through untouched."""

    def __init__(  # noqa: PLR0913  # where all of telemetry meets
        self,
        app: ASGIApp,
        *,
        tracer: LeanTracer,
        meter: Meter,
        reporter: Reporter,
        refused: Count,
        known_methods: AbstractSet[str],
    ) -> None:
        self._app = app
        self._tracer = tracer
        self._active = meter.gauge(http.ACTIVE_REQUESTS)
        self._active_of_kind: dict[tuple[str, str], Number] = {}
        self._reporter = reporter
        self._refused = refused
        self._known_methods = known_methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span = ServerSpan(
            scope, send, self._tracer, self._known_methods, self._reporter.finished, self._refused
        )
        kind = (span.method, span.scheme)
        active = self._active_of_kind.get(kind) or self._first_of_kind(kind)
        span.active = active
        active.value += 1  # without `move`'s lock: only the event loop's thread comes here
        before = attach(request_context(span, span.correlation_id))
        try:
            await self._app(scope, receive, span.send)
        except Exception as error:  # noqa: BLE001  # the last layer: what passes here would kill the connection
            span.error = error
            self._reporter.failed(span, error)
            if not span.status:
                await _answer(span)
        except BaseException as error:
            span.error = error
            raise
        else:
            if not span.status:
                await _answer(span)
        finally:
            detach(before)
            if not span.ended:
                active.value -= 1
            if not span.reported:
                self._reporter.finished(span)

    def _first_of_kind(self, kind: tuple[str, str]) -> Number:
        self._active_of_kind[kind] = self._active.of(*kind)
        return self._active_of_kind[kind]


async def _answer(span: ServerSpan) -> None:
    """Send a 500 with an RFC 9457 body, for an application that made no answer."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "correlation_id": span.correlation_id,
    }
    headers = [(b"content-type", b"application/problem+json")]
    await span.send({"type": "http.response.start", "status": status.value, "headers": headers})
    await span.send({"type": "http.response.body", "body": orjson.dumps(problem)})
