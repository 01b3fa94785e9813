"""What the middleware must survive: what is current in a request, and what is not after it."""

from opentelemetry import context as otel_context
from opentelemetry import trace
from starlette.types import Message, Receive, Scope, Send

from telemetry.catalog import Span, SpanKind, http
from telemetry.context import correlation_id
from telemetry.testing import Captured
from tests.telemetry.asgi import END, START, attributes_of, call, header, plain_asgi, scope_of

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_the_callers_trace_state_goes_on_to_the_spans_below(captured: Captured) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        with captured.telemetry.tracing.span(WORK), captured.telemetry.tracing.span(WORK):
            await plain_asgi(scope, receive, send)

    sent = [(b"traceparent", TRACEPARENT), (b"tracestate", b"a=1,b=2")]
    await call(captured, application, scope_of("/", sent))
    states = [dict(span.context.trace_state) for span in captured.spans() if span.context]
    assert states == [{"a": "1", "b": "2"}] * 3


async def test_nothing_of_the_servers_context_is_current_in_a_request(captured: Captured) -> None:
    seen: list[object] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend((otel_context.get_value("of the server"), correlation_id()))
        await plain_asgi(scope, receive, send)

    work = otel_context.attach(otel_context.set_value("of the server", "a value"))
    try:
        await call(captured, application, scope_of("/", [(b"x-correlation-id", b"caller-1")]))
        assert otel_context.get_value("of the server") == "a value"
    finally:
        otel_context.detach(work)
    assert seen == [None, "caller-1"]


async def test_the_last_message_is_sent_with_nothing_current(captured: Captured) -> None:
    """The server sets its keep-alive timer there, which keeps what is current."""
    seen: list[tuple[str, bool, str | None]] = []

    def look(moment: str) -> None:
        is_none = trace.get_current_span() is trace.INVALID_SPAN
        seen.append((moment, is_none, correlation_id()))

    async def application(_: Scope, __: Receive, send: Send) -> None:
        await send(dict(START))
        await send(dict(END))
        look("after")

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        look(message["type"])

    scope = scope_of("/", [(b"x-correlation-id", b"caller-1")])
    await captured.telemetry.wrap(application)(scope, receive, send)
    assert seen == [
        ("http.response.start", False, "caller-1"),
        ("http.response.body", True, None),
        ("after", False, "caller-1"),
    ]


async def test_a_strange_scheme_is_one_of_all_such(captured: Captured) -> None:
    sent = await call(captured, plain_asgi, scope_of("/", scheme="gopher"))
    assert sent[0]["status"] == 200
    [span] = captured.spans()
    assert attributes_of(span)["url.scheme"] == "_OTHER"
    assert captured.sample(http.REQUEST_DURATION, {"url.scheme": "_OTHER"}) == 1
    assert captured.sample(http.ACTIVE_REQUESTS, {"url.scheme": "_OTHER"}) == 0


async def test_an_id_of_the_applications_own_gives_way_however_it_is_written(
    captured: Captured,
) -> None:
    async def application(_: Scope, __: Receive, send: Send) -> None:
        names = (b"X-Correlation-ID", b"x-correlation-id", b"X-CORRELATION-ID")
        await send({**START, "headers": [(name, b"of its own") for name in names]})
        await send(dict(END))

    sent = await call(captured, application, scope_of("/", [(b"x-correlation-id", b"caller-1")]))
    assert header(sent, b"x-correlation-id") == [b"caller-1"]


async def test_the_line_of_a_failed_request_is_an_error(captured: Captured) -> None:
    for status in (200, 404, 500, 503):

        async def application(_: Scope, __: Receive, send: Send, status: int = status) -> None:
            await send({**START, "status": status})
            await send(dict(END))

        await call(captured, application, scope_of())
    levels = [line["level"] for line in captured.logs()]
    assert levels == ["info", "info", "error", "error"]
