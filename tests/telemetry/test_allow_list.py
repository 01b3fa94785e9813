"""What nobody declared does not leave: not in a span, not in a line, not in an access line."""

from collections.abc import Awaitable, Callable

import httpx
import orjson
import pytest
import structlog
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemetry.catalog import Span, SpanKind
from telemetry.catalog.pipeline import ATTRIBUTES_DROPPED
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.testing import Captured, UndeclaredAttributeError, captured_telemetry

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
logger = structlog.stdlib.get_logger()


class Kept:
    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def put(self, *lines: bytes) -> None:
        self.lines.extend(lines)


async def orders(_: Request) -> Response:
    span = trace.get_current_span()
    span.set_attribute("order.total", 7)
    span.set_attribute("order.customer", "hunter2")
    span.set_attribute("http.route", "/forged")
    return Response()


async def ask(telemetry: Telemetry, handler: Callable[[Request], Awaitable[Response]]) -> None:
    app = telemetry.wrap(Starlette(routes=[Route("/orders", handler)]))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        await client.get("/orders")


def dropped(captured: Captured, signal: str) -> float:
    return captured.sample(ATTRIBUTES_DROPPED, {"telemetry.signal": signal})


def test_a_line_has_what_is_declared_and_the_rest_is_counted() -> None:
    with (
        pytest.raises(UndeclaredAttributeError, match=r"order\.customer"),
        captured_telemetry(attributes=("order.total",)) as captured,
    ):
        logger.info("order.made", **{"order.total": 7, "order.customer": "hunter2"})
    [line] = captured.logs()
    assert line["order.total"] == 7
    assert "hunter2" not in str(line)
    assert dropped(captured, "log") == 1


async def test_an_access_line_has_what_the_application_said_of_the_request() -> None:
    with (
        pytest.raises(UndeclaredAttributeError, match=r"order\.customer$"),
        captured_telemetry(attributes=("order.total",)) as captured,
    ):
        await ask(captured.telemetry, orders)
    line = captured.line("request.finished")
    assert (line["order.total"], line["http.route"]) == (7, "/orders")
    assert "hunter2" not in str(line)
    assert dropped(captured, "log") == 1


async def test_a_console_line_has_the_same() -> None:
    settings = TelemetrySettings(
        service_name="test", metrics_port=0, log_format="console", attributes=("order.total",)
    )
    kept = Kept()
    telemetry = Telemetry(settings, line_sink=kept)
    await ask(telemetry, orders)
    for reporter in telemetry._reporters:
        reporter.flush()
    [line] = kept.lines
    assert b"order.total=7" in line
    assert b"hunter2" not in line


@pytest.mark.parametrize("value", ["\ud800", 2**80, object(), ["a"], True, 1.5])
async def test_no_value_of_the_application_stops_an_access_line(value: object) -> None:
    async def odd(_: Request) -> Response:
        trace.get_current_span().set_attribute("odd", value)  # type: ignore[arg-type]  # the point
        return Response()

    with captured_telemetry(attributes=("odd",)) as captured:
        await ask(captured.telemetry, odd)
    assert captured.events() == ["request.finished"]


def test_the_catalogs_attributes_need_no_declaration() -> None:
    with captured_telemetry() as captured:
        with captured.telemetry.tracing.span(WORK, {"db.query.summary": "SELECT a"}):
            logger.info("work.done", **{"error.type": "KeyError"})
        assert orjson.dumps(captured.logs())
    assert dropped(captured, "log") == dropped(captured, "span") == 0


def test_a_failure_of_the_test_itself_is_what_is_seen() -> None:
    with (
        pytest.raises(KeyError),
        captured_telemetry() as captured,
        captured.telemetry.tracing.span(WORK, {"nobody.declared": 1}),
    ):
        raise KeyError
