import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telemetry.catalog import Span, SpanKind
from telemetry.catalog.http import REQUEST_DURATION
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.sampling import Sampling
from telemetry.spans import new_trace_id
from telemetry.testing import Captured, captured_telemetry

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
ASKED = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry(sampling_ratio=0.0) as captured:
        yield captured


def client_of(telemetry: Telemetry, *, sleep: float = 0.0, status: int = 200) -> httpx.AsyncClient:
    async def endpoint(request: Request) -> Response:
        with telemetry.tracing.span(WORK):
            await asyncio.sleep(sleep)
        return PlainTextResponse("done", status)

    app = telemetry.wrap(Starlette(routes=[Route("/", endpoint)]))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test")


def exemplars(captured: Captured) -> list[str]:
    return [
        sample.exemplar.labels["trace_id"]
        for family in captured.telemetry.meter.registry.collect()
        for sample in family.samples
        if family.name == REQUEST_DURATION.prometheus_name and sample.exemplar is not None
    ]


async def test_what_is_not_sampled_leaves_neither_span_nor_exemplar(captured: Captured) -> None:
    await client_of(captured.telemetry).get("/")
    assert captured.spans() == []
    assert exemplars(captured) == []


async def test_a_failed_request_is_kept_in_any_case(captured: Captured) -> None:
    await client_of(captured.telemetry, status=503).get("/")
    span = captured.span("GET /")
    assert span.context is not None
    assert span.context.trace_flags.sampled
    assert exemplars(captured) == [f"{span.context.trace_id:032x}"]


async def test_a_slow_request_is_kept_in_any_case() -> None:
    with captured_telemetry(sampling_ratio=0.0, slow_seconds=0.02) as captured:
        await client_of(captured.telemetry, sleep=0.03).get("/")
        span = captured.span("GET /")
        assert span.context is not None
        assert exemplars(captured) == [f"{span.context.trace_id:032x}"]


async def test_a_callers_wish_is_followed_where_callers_are_trusted(captured: Captured) -> None:
    await client_of(captured.telemetry).get("/", headers=ASKED)
    assert captured.span_names() == ["work", "GET /"]


async def test_nobody_can_force_sampling_past_the_ratio() -> None:
    with captured_telemetry(sampling_ratio=0.0, remote_sampling_ratio=0.0) as captured:
        client = client_of(captured.telemetry)
        for _ in range(20):
            await client.get("/", headers=ASKED)
        assert captured.spans() == []


def test_a_new_trace_is_sampled_by_its_id_and_alike_everywhere() -> None:
    ids = [new_trace_id() for _ in range(4_000)]
    kept = [trace_id for trace_id in ids if Sampling(0.25).begins(trace_id)]
    assert kept == [trace_id for trace_id in ids if Sampling(0.25).begins(trace_id)]
    assert 800 < len(kept) < 1_200
    assert all(Sampling(0.5).begins(trace_id) for trace_id in kept)
    assert all(Sampling(1.0).begins(trace_id) for trace_id in ids)
    assert not any(Sampling(0.0).begins(trace_id) for trace_id in ids)


def test_a_child_shares_its_parents_fate(captured: Captured) -> None:
    with captured.telemetry.tracing.span(WORK) as outer:
        assert not outer.is_recording()
        inner = trace.get_current_span().get_span_context()
        assert inner.trace_id == outer.get_span_context().trace_id
    assert captured.spans() == []


async def test_requests_that_wait_for_others_are_told_by_the_stop(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    telemetry = Telemetry(TelemetrySettings(service_name="shop", metrics_port=0, traces_file=path))
    telemetry.start()
    for _ in range(5):  # fewer than a batch
        await client_of(telemetry).get("/")
    await asyncio.to_thread(telemetry.stop)
    labels = {
        "http_request_method": "GET",
        "url_scheme": "http",
        "http_route": "/",
        "http_response_status_code": "200",
        "error_type": "",
    }
    name = f"{REQUEST_DURATION.prometheus_name}_count"
    assert telemetry.meter.registry.get_sample_value(name, labels) == 5
    assert path.read_text().count('"name":"GET /"') == 5


async def test_requests_that_wait_for_others_wait_for_a_moment_only() -> None:
    telemetry = Telemetry(TelemetrySettings(service_name="shop", metrics_port=0))
    await client_of(telemetry).get("/")
    labels = {
        "http_request_method": "GET",
        "url_scheme": "http",
        "http_route": "/",
        "http_response_status_code": "200",
        "error_type": "",
    }
    name = f"{REQUEST_DURATION.prometheus_name}_count"
    while telemetry.meter.registry.get_sample_value(name, labels) != 1:  # noqa: ASYNC110  # it has no Event
        await asyncio.sleep(0.01)
