"""The single pass: everything that one HTTP request owes to telemetry, in one ASGI layer.

It stands outside the application, Starlette's ServerErrorMiddleware included, so that it sees the
status and the exception of every request. In: correlation ID, trace context, span, in-progress
count. Out: the header, span attributes, the duration with its exemplar, one access line.
"""

from http import HTTPStatus
from typing import Final

import orjson
from opentelemetry import context as otel_context
from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.catalog import http
from telemetry.context import CORRELATION_ID
from telemetry.edge import Request
from telemetry.exchange import Exchange
from telemetry.metrics import Meter
from telemetry.reporter import Reporter
from telemetry.tracer import LeanTracer

CORRELATION_HEADER: Final = b"x-correlation-id"

_NO_PARENT: Final = otel_context.Context()


class TelemetryMiddleware:
    """Wraps an ASGI application; other scopes than HTTP pass through untouched."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        tracer: LeanTracer,
        meter: Meter,
        reporter: Reporter,
    ) -> None:
        self._app = app
        self._tracer = tracer
        self._active = meter.gauge(http.ACTIVE_REQUESTS)
        self._reporter = reporter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        span = self._tracer.start_request(request.method, request.remote)
        exchange = Exchange(request, span, send, self._reporter.finished)
        self._active.add(1, request.method)
        correlation = CORRELATION_ID.set(request.correlation_id)
        current = otel_context.attach(trace.set_span_in_context(span, _NO_PARENT))
        try:
            await self._serve(exchange, scope, receive)
        finally:
            otel_context.detach(current)
            CORRELATION_ID.reset(correlation)
            self._active.add(-1, request.method)
            self._reporter.finished(exchange)

    async def _serve(self, exchange: Exchange, scope: Scope, receive: Receive) -> None:
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:  # noqa: BLE001  # the last layer: what passes here would kill the connection
            exchange.error = error
            self._reporter.failed(exchange, error)
        except BaseException as error:
            exchange.error = error
            raise
        if not exchange.status:
            for message in _answer_in_place_of_the_application(exchange):
                await exchange.send(message)


def _answer_in_place_of_the_application(exchange: Exchange) -> tuple[Message, Message]:
    """Return a 500 with an RFC 9457 body, for an application that made no answer."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "correlation_id": exchange.request.correlation_id,
    }
    headers = [(b"content-type", b"application/problem+json")]
    return (
        {"type": "http.response.start", "status": status.value, "headers": headers},
        {"type": "http.response.body", "body": orjson.dumps(problem)},
    )
