"""What the middleware must survive: what comes after the answer is no part of it."""

import asyncio
from collections.abc import Awaitable, Callable

from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telemetry.catalog import http
from telemetry.context import correlation_id
from telemetry.testing import Captured
from tests.telemetry.asgi import (
    SECRET,
    BrokenError,
    call,
    finished,
    leaves_nothing_bound,
    scope_of,
)


def with_background(work: Callable[[], Awaitable[None]]) -> Starlette:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("accepted", 202, background=BackgroundTask(work))

    return Starlette(routes=[Route("/", endpoint)])


async def test_slow_background_work_holds_neither_span_nor_count(captured: Captured) -> None:
    working, may_end = asyncio.Event(), asyncio.Event()
    ids: list[str | None] = []

    async def slow() -> None:
        ids.append(correlation_id())
        working.set()
        await may_end.wait()

    scope = scope_of(headers=[(b"x-correlation-id", b"caller-1")])
    task = asyncio.create_task(call(captured, with_background(slow), scope))
    await working.wait()
    before = (len(captured.spans()), len(finished(captured)))
    may_end.set()
    await task
    assert before == (1, 1)
    assert (len(captured.spans()), len(finished(captured))) == (1, 1)
    assert ids == ["caller-1"]
    assert leaves_nothing_bound(captured)


async def test_failed_background_work_is_recorded_and_the_answer_stays(captured: Captured) -> None:
    async def failing() -> None:
        raise BrokenError(SECRET)

    scope = scope_of(headers=[(b"x-correlation-id", b"caller-1")])
    sent = await call(captured, with_background(failing), scope)
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert sent[0]["status"] == 202
    span = captured.span("GET /")
    assert span.status.status_code is StatusCode.UNSET
    assert len(finished(captured)) == 1
    [failed] = [line for line in captured.logs() if line["event"] == http.REQUEST_FAILED.name]
    assert failed["exception.type"].endswith("BrokenError")
    assert failed["correlation_id"] == "caller-1"
    assert SECRET not in str(captured.logs())
    assert leaves_nothing_bound(captured)
