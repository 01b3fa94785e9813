"""What the middleware must survive: a request is told of, whoever sent it and whatever fails."""

import asyncio
import contextvars
from typing import Any

import pytest
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from telemetry.catalog.http import REQUEST_DURATION
from telemetry.catalog.pipeline import INPUT_REFUSED, THREAD_FAILURES
from telemetry.context import attach, detach
from telemetry.spans import MAX_ITEMS, MAX_LENGTH, RecordedSpan
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import (
    END,
    START,
    active,
    attributes_of,
    call,
    finished,
    plain_asgi,
    scope_of,
)

CLIENTS_TRACE = "00-{}-00f067aa0ba902b7-00"


@pytest.mark.parametrize("address", ["a" * 65, "someone@example.com", "1.2.3.4 token=x", "\n"])
async def test_an_address_that_is_none_is_left_out_and_counted(
    captured: Captured, address: str
) -> None:
    await call(captured, plain_asgi, scope_of(client=(address, 1)))
    [span], [line] = captured.spans(), finished(captured)
    for told in (attributes_of(span), line):
        assert not {"client.address", "network.peer.address", "network.peer.port"} & told.keys()
    assert captured.sample(INPUT_REFUSED, {"telemetry.input": "client"}) == 1


@pytest.mark.parametrize("address", ["2001:db8::1%eth0", "testclient", "203.0.113.9"])
async def test_an_address_is_told(captured: Captured, address: str) -> None:
    await call(captured, plain_asgi, scope_of(client=(address, 1)))
    [span], [line] = captured.spans(), finished(captured)
    assert attributes_of(span)["client.address"] == line["client.address"] == address
    assert captured.sample(INPUT_REFUSED) == 0


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    await send({**START, "status": 503})
    await send(dict(END))


@pytest.mark.parametrize(("level", "lines"), [("info", 2), ("warning", 1), ("error", 1)])
async def test_a_level_above_info_leaves_the_lines_of_failures(level: str, lines: int) -> None:
    with captured_telemetry(log_level=level) as captured:
        await call(captured, plain_asgi, scope_of())
        await call(captured, failing, scope_of())
        told = finished(captured)
    assert len(told) == lines
    assert (told[-1]["level"], told[-1]["http.response.status_code"]) == ("error", 503)


@pytest.mark.parametrize("digit", ["0", "f"])
async def test_a_caller_does_not_decide_whether_it_is_written_down(digit: str) -> None:
    asked = CLIENTS_TRACE.format("1" + digit * 31).encode()
    with captured_telemetry(access_log_ratio=0.5) as captured:
        for _ in range(100):
            await call(captured, plain_asgi, scope_of(headers=[(b"traceparent", asked)]))
        assert 20 <= len(finished(captured)) <= 80


async def test_what_failed_was_refused_or_slow_has_its_line_in_any_case() -> None:
    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({**START, "status": 403})
        await send(dict(END))

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.03)
        await plain_asgi(scope, receive, send)

    with captured_telemetry(access_log_ratio=0.0, slow_seconds=0.02) as captured:
        await call(captured, plain_asgi, scope_of())
        for app in (refusing, slow, failing):
            await call(captured, app, scope_of())
        assert [line["http.response.status_code"] for line in finished(captured)] == [403, 200, 503]


@pytest.mark.parametrize("status", [200, 503])
async def test_a_request_is_active_until_its_answer_is_out(captured: Captured, status: int) -> None:
    seen: list[float] = []

    async def work() -> None:
        seen.append(active(captured))

    async def endpoint(request: Request) -> Response:
        seen.append(active(captured))
        return PlainTextResponse("done", status, background=BackgroundTask(work))

    await call(captured, Starlette(routes=[Route("/", endpoint)]), scope_of())
    assert seen == [1, 0]
    assert active(captured) == 0


async def test_what_is_ours_to_say_is_said_once(captured: Captured) -> None:
    async def endpoint(request: Request) -> Response:
        trace.get_current_span().set_attributes(
            {"http.route": "/mine", "http.response.status_code": 299, "correlation_id": "mine"}
        )
        return PlainTextResponse("done")

    kept: list[RecordedSpan] = []
    sink: Any = captured.telemetry.tracing.tracer
    sink.sink = kept.append
    await call(captured, Starlette(routes=[Route("/", endpoint)]), scope_of())
    [span], [line] = kept, finished(captured)
    keys = [key for shared in (*span.shared, span.attributes) for key in shared]
    assert len(keys) == len(set(keys))
    told = span.all_attributes()
    assert (told["http.route"], told["http.response.status_code"]) == ("/", 200)
    assert (line["http.route"], line["http.response.status_code"]) == ("/", 200)
    assert told["correlation_id"] == line["correlation_id"] == span.correlation_id != "mine"


async def test_one_request_that_cannot_be_told_of_costs_no_other(captured: Captured) -> None:
    def route_of(scope: Scope) -> str:
        if scope["path"] == "/bad":
            raise LookupError
        return "/good"

    wrapped = captured.telemetry.wrap(plain_asgi, route_of)

    async def send(message: Message) -> None: ...

    async def receive() -> Message:
        return {"type": "http.request"}

    for path in ("/good", "/bad", "/good"):
        await wrapped(scope_of(path), receive, send)
    assert captured.sample(REQUEST_DURATION, {"http.route": "/good"}) == 2
    assert captured.sample(THREAD_FAILURES, {"thread.name": "event-loop"}) == 1


def test_a_request_is_told_of_without_an_event_loop_of_asyncio() -> None:
    with captured_telemetry() as captured:
        wrapped = captured.telemetry.wrap(plain_asgi)

        async def send(message: Message) -> None: ...

        async def receive() -> Message:
            return {"type": "http.request"}

        serving = wrapped(scope_of(), receive, send)
        with pytest.raises(StopIteration):
            serving.send(None)
        assert len(captured.spans()) == len(finished(captured)) == 1


def test_what_a_span_begins_with_is_bounded(captured: Captured) -> None:
    tracer = captured.telemetry.tracing.tracer
    begun: dict[str, Any] = {
        "db.query.text": "x" * 5_000,
        "messaging.system": ["y" * 2_000] * 100,
        "server.port": 1,
    }
    with tracer.start_as_current_span("work", attributes=begun) as span:
        span.set_attribute("url.path", "z" * (MAX_LENGTH + 1))
    span.set_attribute("url.path", "after the end" * 1_000)
    told = attributes_of(captured.span("work"))
    assert told["db.query.text"] == "x" * MAX_LENGTH
    assert told["messaging.system"] == ["y" * MAX_LENGTH] * MAX_ITEMS
    assert told["url.path"] == "z" * MAX_LENGTH
    assert isinstance(span, RecordedSpan)
    assert span.cut == {"span_attribute_length": 3}


def test_a_context_is_taken_back_once_and_elsewhere_without_a_word() -> None:
    token = contextvars.Context().run(attach, trace.set_span_in_context(trace.INVALID_SPAN))
    detach(token)  # of a context that is gone
    assert trace.get_current_span() is trace.INVALID_SPAN
