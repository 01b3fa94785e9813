"""Span, metric, log line and exemplar tell one story about a request."""

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from telemetry.catalog import Histogram, http
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import START, call, finished, scope_of

TRACE_ID = b"0af7651916cd43dd8448eb211c80319c"
WORK = Histogram(
    name="test.work.duration", unit="s", description="Time of a piece of work.", buckets=(1,)
)


def shop(captured: Captured) -> Starlette:
    """An application that measures something of its own in each request."""
    work = captured.telemetry.meter.histogram(WORK)

    async def answer(request: Request) -> Response:
        work.observe(0.5)
        return PlainTextResponse("ok", int(request.path_params["status"]))

    async def boom(request: Request) -> Response:
        work.observe(0.5)
        raise ValueError

    async def streamed(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(3):
                work.observe(0.5)
                yield b"part"

        return StreamingResponse(parts())

    return Starlette(
        routes=[
            Route("/answer/{status:int}", answer),
            Route("/boom", boom),
            Route("/streamed", streamed),
        ]
    )


def observed_seconds(captured: Captured) -> float:
    """The sum of all measured durations."""
    return sum(
        sample.value
        for family in captured.telemetry.meter.registry.collect()
        for sample in family.samples
        if sample.name == http.REQUEST_DURATION.prometheus_name + "_sum"
    )


def exemplars(captured: Captured) -> set[tuple[str, str]]:
    return {
        (sample.exemplar.labels["trace_id"], sample.exemplar.labels["span_id"])
        for family in captured.telemetry.meter.registry.collect()
        for sample in family.samples
        if sample.exemplar is not None
    }


def exported(captured: Captured) -> set[tuple[str, str]]:
    contexts = [span.context for span in captured.spans() if span.context is not None]
    return {(f"{each.trace_id:032x}", f"{each.span_id:016x}") for each in contexts}


@pytest.mark.parametrize("path", ["/answer/200", "/answer/503", "/boom", "/streamed", "/nowhere"])
async def test_the_spans_duration_is_the_value_that_the_metric_observed(
    captured: Captured, path: str
) -> None:
    await call(captured, shop(captured), scope_of(path))
    [span] = captured.spans()
    assert span.start_time is not None
    assert span.end_time is not None
    seconds = observed_seconds(captured)
    # A span's ends are whole nanoseconds since 1970, so the last digits are not the metric's.
    assert (span.end_time - span.start_time) / 1e9 == pytest.approx(seconds, abs=1e-6)
    [line] = finished(captured)
    assert line["http.server.request.duration"] == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize("path", ["/answer/200", "/boom"])
async def test_span_line_and_series_name_the_same_things(captured: Captured, path: str) -> None:
    await call(captured, shop(captured), scope_of(path))
    [span] = captured.spans()
    [line] = finished(captured)
    attributes = dict(span.attributes or {})
    labels = {}
    for key in ("http.request.method", "http.route", "http.response.status_code", "error.type"):
        assert line.get(key) == attributes.get(key)
        labels[key] = str(attributes.get(key, ""))
    assert captured.sample(http.REQUEST_DURATION, labels) == 1


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
async def test_every_exemplars_span_was_exported(ratio: float) -> None:
    with captured_telemetry(sampling_ratio=ratio) as captured:
        app = shop(captured)
        for number in range(40):
            path = ("/answer/200", "/streamed", "/boom", "/answer/404")[number % 4]
            flags = (None, b"00", b"01")[number % 3]
            headers = []
            if flags:
                parent = b"00-%s-%016x-%s" % (TRACE_ID, number + 1, flags)
                headers = [(b"traceparent", parent)]
            await call(captured, app, scope_of(path, headers))
        assert exemplars(captured)
        assert exemplars(captured) <= exported(captured)


@pytest.mark.parametrize("path", ["/answer/200", "/answer/404", "/streamed"])
@pytest.mark.parametrize("asked_by_the_caller", [True, False])
async def test_an_unsampled_request_leaves_no_exemplar_anywhere(
    path: str,
    asked_by_the_caller: bool,  # noqa: FBT001  # a test's parameter
) -> None:
    ratio = 1.0 if asked_by_the_caller else 0.0
    parent = (b"traceparent", b"00-%s-b7ad6b7169203331-00" % TRACE_ID)
    with captured_telemetry(sampling_ratio=ratio) as captured:
        headers = [parent] if asked_by_the_caller else []
        await call(captured, shop(captured), scope_of(path, headers))
        assert captured.sample(WORK) > 0
        assert len(finished(captured)) == 1
        assert captured.spans() == []
        assert exemplars(captured) == set()


async def test_one_report_each_however_many_messages_follow_the_last(captured: Captured) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"more than was announced"})

    await call(captured, app, scope_of())
    assert len(captured.spans()) == len(finished(captured)) == 1
