"""What clients send and telemetry does not take is counted by the middleware; so are cut spans."""

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import Link, SpanContext
from prometheus_client import CollectorRegistry

from telemetry.catalog.pipeline import INPUT_REFUSED, INPUTS, SIGNAL_BOUNDS, SIGNALS_CUT
from telemetry.destinations import OtlpHttp
from telemetry.export import SpanExport
from telemetry.metrics import Meter
from telemetry.sampling import Sampling
from telemetry.testing import Captured
from telemetry.tracer import LeanTracer
from tests.telemetry.asgi import Header, call, plain_asgi, scope_of

TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LINK = Link(SpanContext(1, 2, is_remote=True))


@pytest.mark.parametrize(
    ("headers", "more", "refused"),
    [
        (
            [(b"traceparent", TRACEPARENT), (b"tracestate", b"a=1"), (b"x-request-id", b"abc")],
            {},
            [],
        ),
        ([(b"traceparent", b"nonsense")], {}, ["traceparent"]),
        ([(b"traceparent", TRACEPARENT)] * 2, {}, ["traceparent"]),
        ([(b"traceparent", TRACEPARENT), (b"tracestate", b"A=1")], {}, ["tracestate"]),
        ([(b"baggage", b"user=somebody")], {}, ["baggage"]),
        ([(b"x-correlation-id", b"not fit")], {}, ["correlation_id"]),
        ([(b"x-correlation-id", b"a" * 65)], {}, ["correlation_id"]),
        ([(b"x-correlation-id", b"a")] * 2, {}, ["correlation_id"]),
        ([(b"user-agent", b"a" * 256)], {}, []),
        ([(b"user-agent", b"a" * 257)], {}, ["user_agent"]),
        ([(b"host", b"other.test")], {}, ["host"]),
        ([], {"query_string": b"a=1&" * 256}, []),
        ([], {"query_string": b"a=1&" * 257}, ["query"]),
    ],
)
async def test_refusals_are_counted_once(
    captured: Captured, headers: list[Header], more: dict[str, object], refused: list[str]
) -> None:
    await call(captured, plain_asgi, scope_of("/", headers, **more))
    counted = {name: captured.sample(INPUT_REFUSED, {"telemetry.input": name}) for name in INPUTS}
    assert counted == {name: float(name in refused) for name in INPUTS}


async def test_a_host_over_its_bound_is_counted(captured: Captured) -> None:
    scope = scope_of("/")
    scope["headers"] = [(b"host", b"a" * 262)]
    await call(captured, plain_asgi, scope)
    assert captured.sample(INPUT_REFUSED, {"telemetry.input": "host"}) == 1


def test_what_a_span_loses_is_counted() -> None:
    meter = Meter(CollectorRegistry())
    export = SpanExport(OtlpHttp("http://127.0.0.1:1", {}, Resource({})), meter)
    tracer = LeanTracer(Sampling(), export.put)
    names = {f"some.{number}": number for number in range(70)}
    with tracer.start_as_current_span("fits", links=[LINK] * 32, attributes={"text": "x"}):
        pass
    assert _cut(meter) == {
        "span_attributes": 0,
        "span_attribute_length": 0,
        "span_links": 0,
        "log_line": 0,
    }
    with tracer.start_as_current_span("large", links=[LINK] * 33, attributes=names) as span:
        span.add_link(LINK.context)
        span.set_attribute("some.1", "x" * 1025)
        span.set_attribute("one.more", 1)
    assert _cut(meter) == {
        "span_attributes": 7,
        "span_attribute_length": 1,
        "span_links": 2,
        "log_line": 0,
    }


def _cut(meter: Meter) -> dict[str, float | None]:
    return {
        bound: meter.registry.get_sample_value(
            SIGNALS_CUT.prometheus_name, {"telemetry_bound": bound}
        )
        for bound in SIGNAL_BOUNDS
    }
