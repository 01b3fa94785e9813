"""What goes wrong in an application is answered and told once, without its message."""

import asyncio
from collections.abc import Iterator

import pytest
from opentelemetry.trace import StatusCode
from starlette.types import Receive, Scope, Send

from telemetry.catalog import http
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.shop import client_of


@pytest.fixture
def captured() -> Iterator[Captured]:
    with captured_telemetry() as captured:
        yield captured


async def test_an_exception_is_a_500_with_one_record_and_no_message(captured: Captured) -> None:
    response = await client_of(captured).get("/boom", headers={"X-Correlation-ID": "caller-3"})

    assert response.status_code == 500
    assert response.headers["x-correlation-id"] == "caller-3"
    span = captured.span("GET /boom")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert span.events == ()
    assert span.attributes is not None
    assert span.attributes["error.type"] == "ValueError"
    assert span.attributes["http.response.status_code"] == 500
    assert captured.events() == [http.REQUEST_FAILED.name, http.REQUEST_FINISHED.name]
    failed = captured.logs()[0]
    assert failed["exception.type"] == "ValueError"
    assert "in boom" in failed["exception.stacktrace"]
    assert failed["correlation_id"] == "caller-3"


async def test_a_server_error_without_an_exception_has_its_code_as_type(
    captured: Captured,
) -> None:
    await client_of(captured).get("/unavailable")
    span = captured.span("GET /unavailable")
    assert span.attributes is not None
    assert span.attributes["error.type"] == "503"
    assert captured.events() == [http.REQUEST_FINISHED.name]


async def test_a_client_error_is_no_error(captured: Captured) -> None:
    await client_of(captured).get("/nowhere")
    span = captured.span("GET")
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes is not None
    assert "error.type" not in span.attributes


async def test_an_application_that_does_not_answer_is_answered_for(captured: Captured) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return

    response = await client_of(captured, silent).get("/")
    assert response.status_code == 500
    assert response.json()["correlation_id"] == response.headers["x-correlation-id"]


async def test_a_bare_applications_exception_becomes_a_problem(captured: Captured) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError

    response = await client_of(captured, broken).get("/")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_cancelled_request_is_reported(captured: Captured) -> None:
    entered = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(client_of(captured, endless).get("/"))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    span = captured.span("GET")
    assert span.attributes is not None
    assert span.attributes["error.type"] == "asyncio.exceptions.CancelledError"
    assert captured.sample(http.ACTIVE_REQUESTS, {"http.request.method": "GET"}) == 0
