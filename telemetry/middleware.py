"""The single pass: everything that one HTTP request owes to telemetry, in one ASGI layer.

It stands outside the application, Starlette's ServerErrorMiddleware included, so that it sees the
status and the exception of every request. In: correlation ID, trace context, span, in-progress
count. Out: the header, span attributes, the duration with its exemplar, one access line.
"""

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import orjson
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanKind, Status, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.catalog import attributes, http
from telemetry.context import CORRELATION_ID
from telemetry.edge import Request, read_request
from telemetry.logging import Lines, exception_fields
from telemetry.metrics import Meter, exemplar_of
from telemetry.tracing import error_type_of

CORRELATION_HEADER: Final = b"x-correlation-id"
NO_RESPONSE: Final = "no_response"
"""The `error.type` of a request that the application left without an answer."""

_NO_PARENT: Final = otel_context.Context()


@dataclass(slots=True)
class _Exchange:
    """What is known of a request under way."""

    request: Request
    span: trace.Span
    started: float
    status: int = 0
    ended: float = 0.0
    reported: bool = False
    error: BaseException | None = field(default=None)


class TelemetryMiddleware:
    """Wraps an ASGI application; other scopes than HTTP pass through untouched."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        tracer: trace.Tracer,
        meter: Meter,
        lines: Lines,
        route_of: Callable[[Scope], str | None],
    ) -> None:
        self._app = app
        self._tracer = tracer
        self._lines = lines
        self._route_of = route_of
        self._duration = meter.histogram(http.REQUEST_DURATION)
        self._active = meter.gauge(http.ACTIVE_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = self._begin(scope)
        correlation = CORRELATION_ID.set(exchange.request.correlation_id)
        current = otel_context.attach(trace.set_span_in_context(exchange.span, _NO_PARENT))
        try:
            await self._serve(exchange, scope, receive, send)
        finally:
            self._active.add(-1, exchange.request.method)
            self._report(exchange, scope)
            otel_context.detach(current)
            CORRELATION_ID.reset(correlation)

    def _begin(self, scope: Scope) -> _Exchange:
        request = read_request(scope)
        parent = _NO_PARENT
        if request.remote is not None:
            parent = trace.set_span_in_context(NonRecordingSpan(request.remote), _NO_PARENT)
        self._active.add(1, request.method)
        span = self._tracer.start_span(
            _span_name(request.method, None),
            context=parent,
            kind=SpanKind.SERVER,
            attributes=request.attributes,
            record_exception=False,
            set_status_on_exception=False,
        )
        return _Exchange(request, span, time.perf_counter())

    async def _serve(self, exchange: _Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        correlation_header = (CORRELATION_HEADER, exchange.request.correlation_id.encode())

        async def observed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = _with_header(message, correlation_header)
            await send(message)
            if _is_last(message):
                exchange.ended = time.perf_counter()
                if exchange.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    # Background tasks come after this and are no part of the request.
                    self._report(exchange, scope)

        try:
            await self._app(scope, receive, observed_send)
        except Exception as error:  # noqa: BLE001  # the last layer: what passes here would kill the connection
            exchange.error = error
            self._report_failure(exchange, error)
        except BaseException as error:
            exchange.error = error
            raise
        if not exchange.status:
            await observed_send(
                {
                    "type": "http.response.start",
                    "status": HTTPStatus.INTERNAL_SERVER_ERROR.value,
                    "headers": [(b"content-type", b"application/problem+json")],
                }
            )
            await observed_send({"type": "http.response.body", "body": _problem(exchange)})

    def _report_failure(self, exchange: _Exchange, error: Exception) -> None:
        self._lines.write(
            "error",
            http.REQUEST_FAILED.name,
            exception_fields(error),
            span_context=exchange.span.get_span_context(),
            correlation=exchange.request.correlation_id,
        )

    def _report(self, exchange: _Exchange, scope: Scope) -> None:
        """Tell span, metric and log of a request that has ended, once."""
        if exchange.reported:
            return
        exchange.reported = True
        ended = exchange.ended or time.perf_counter()
        seconds = ended - exchange.started
        route = self._route_of(scope)
        error_type = _error_type(exchange)
        span_context = exchange.span.get_span_context()
        self._end_span(exchange, route, error_type)
        self._duration.observe_with(
            exemplar_of(span_context),
            seconds,
            exchange.request.method,
            route or "",
            str(exchange.status) if exchange.status else "",
            error_type,
        )
        self._lines.write(
            "error" if error_type else "info",
            http.REQUEST_FINISHED.name,
            _access_fields(exchange, route, error_type, seconds),
            span_context=span_context,
            correlation=exchange.request.correlation_id,
        )

    def _end_span(self, exchange: _Exchange, route: str | None, error_type: str) -> None:
        span = exchange.span
        if not span.is_recording():
            return
        span.update_name(_span_name(exchange.request.method, route))
        if route is not None:
            span.set_attribute(attributes.HTTP_ROUTE, route)
        if exchange.status:
            span.set_attribute(attributes.HTTP_RESPONSE_STATUS_CODE, exchange.status)
        if error_type:
            span.set_attribute(attributes.ERROR_TYPE, error_type)
            span.set_status(Status(StatusCode.ERROR))
        span.set_attribute("correlation_id", exchange.request.correlation_id)
        span.end()


def _span_name(method: str, route: str | None) -> str:
    shown = "HTTP" if method == http.OTHER_METHOD else method
    return f"{shown} {route}" if route else shown


def _error_type(exchange: _Exchange) -> str:
    if exchange.error is not None:
        return error_type_of(exchange.error)
    if not exchange.status or not exchange.ended:
        return NO_RESPONSE
    if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return str(exchange.status)
    return ""


def _is_last(message: Message) -> bool:
    kind = message["type"]
    if kind == "http.response.body":
        return not message.get("more_body", False)
    return bool(kind == "http.response.pathsend")


def _with_header(
    message: MutableMapping[str, Any], header: tuple[bytes, bytes]
) -> list[tuple[bytes, bytes]]:
    """Return the response's headers with ours in the place of any of the same name."""
    kept = [pair for pair in message.get("headers", ()) if pair[0].lower() != header[0]]
    return [*kept, header]


def _access_fields(
    exchange: _Exchange, route: str | None, error_type: str, seconds: float
) -> dict[str, Any]:
    fields: dict[str, Any] = {
        attributes.HTTP_REQUEST_METHOD: exchange.request.method,
        attributes.URL_PATH: exchange.request.attributes[attributes.URL_PATH],
        "http.server.request.duration": round(seconds, 6),
    }
    if route is not None:
        fields[attributes.HTTP_ROUTE] = route
    if exchange.status:
        fields[attributes.HTTP_RESPONSE_STATUS_CODE] = exchange.status
    if error_type:
        fields[attributes.ERROR_TYPE] = error_type
    address = exchange.request.attributes.get(attributes.CLIENT_ADDRESS)
    if address is not None:
        fields[attributes.CLIENT_ADDRESS] = address
    return fields


def _problem(exchange: _Exchange) -> bytes:
    """Return an RFC 9457 body for the case that the application made none."""
    return orjson.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus.INTERNAL_SERVER_ERROR.phrase,
            "status": HTTPStatus.INTERNAL_SERVER_ERROR.value,
            "correlation_id": exchange.request.correlation_id,
        }
    )
