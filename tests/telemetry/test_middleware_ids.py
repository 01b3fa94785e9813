"""Which IDs a request has: its correlation ID, its trace, its span, and that none mix."""

import asyncio
from collections.abc import Iterator

import pytest

from telemetry.context import correlation_id
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import finished
from tests.telemetry.shop import client_of

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
        yield captured


async def test_the_answer_carries_the_correlation_id_once(captured: Captured) -> None:
    response = await client_of(captured).get("/hello", headers={"X-Correlation-ID": "caller-1"})
    assert response.headers.get_list("x-correlation-id") == ["caller-1"]


@pytest.mark.parametrize("sent", ["", "with space", "a" * 65, "semi;colon", "ü"])
async def test_an_unfit_correlation_id_is_replaced(captured: Captured, sent: str) -> None:
    raw = [(b"X-Correlation-ID", sent.encode())]
    response = await client_of(captured).get("/hello", headers=raw)
    assert response.headers["x-correlation-id"] != sent
    assert len(response.headers["x-correlation-id"]) == 32


async def test_x_request_id_is_accepted(captured: Captured) -> None:
    response = await client_of(captured).get("/hello", headers={"X-Request-ID": "caller-2"})
    assert response.headers["x-correlation-id"] == "caller-2"


async def test_the_callers_trace_goes_on(captured: Captured) -> None:
    parent = f"00-{TRACE_ID}-{PARENT_ID}-01"
    await client_of(captured).get("/hello", headers={"traceparent": parent})
    span = captured.span("GET /hello")
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert f"{span.parent.span_id:016x}" == PARENT_ID


async def test_an_unsampled_request_leaves_no_span_and_no_exemplar(captured: Captured) -> None:
    parent = f"00-{TRACE_ID}-{PARENT_ID}-00"
    await client_of(captured).get("/hello", headers={"traceparent": parent})
    assert captured.spans() == []
    assert exemplars(captured) == []
    assert finished(captured)[0]["trace_id"] == TRACE_ID


def exemplars(captured: Captured) -> list[dict[str, str]]:
    return [
        sample.exemplar.labels
        for family in captured.telemetry.meter.registry.collect()
        for sample in family.samples
        if sample.exemplar is not None
    ]


async def test_the_exemplar_names_the_span(captured: Captured) -> None:
    await client_of(captured).get("/hello")
    span = captured.span("GET /hello")
    assert span.context is not None
    assert exemplars(captured) == [
        {"trace_id": f"{span.context.trace_id:032x}", "span_id": f"{span.context.span_id:016x}"}
    ]


async def test_two_hundred_at_once_do_not_mix(captured: Captured) -> None:
    client = client_of(captured)

    async def ask(number: int) -> tuple[str, str]:
        response = await client.get("/hello", headers={"X-Correlation-ID": f"caller-{number}"})
        return response.text, response.headers["x-correlation-id"]

    answers = await asyncio.gather(*(ask(number) for number in range(200)))
    assert answers == [(f"caller-{number}", f"caller-{number}") for number in range(200)]
    assert correlation_id() is None
    by_trace = {line["trace_id"]: line["correlation_id"] for line in finished(captured)}
    for span in captured.spans():
        assert span.context is not None
        assert span.attributes is not None
        trace_id = f"{span.context.trace_id:032x}"
        assert by_trace[trace_id] == span.attributes["correlation_id"]
