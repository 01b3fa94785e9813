"""What the middleware must survive: an answer ends when it ends, however it is sent."""

from pathlib import Path

import pytest
from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from telemetry.testing import Captured
from tests.telemetry.asgi import END, START, attributes_of, call, finished, header, scope_of


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([START, END], id="plain"),
        pytest.param([{"type": "http.response.start", "status": 204}, END], id="no headers key"),
        pytest.param(
            [{**START, "headers": ((b"a", b"b"),)}, {"type": "http.response.body"}], id="a tuple"
        ),
        pytest.param([START, {**END, "more_body": True}, {**END, "body": b""}], id="streamed"),
        pytest.param([START, {"type": "http.response.pathsend", "path": "/file"}], id="pathsend"),
        pytest.param([{"type": "http.response.early_hint", "links": [b"l"]}, START, END], id="103"),
        pytest.param([{"type": "http.response.push", "path": "/"}, START, END], id="push"),
        pytest.param(
            [
                {**START, "trailers": True},
                END,
                {"type": "http.response.trailers", "headers": [], "more_trailers": True},
                {"type": "http.response.trailers", "headers": [(b"t", b"v")]},
            ],
            id="trailers",
        ),
    ],
)
async def test_what_is_sent_goes_through_and_ends_the_request_when_it_ends(
    captured: Captured, messages: list[Message]
) -> None:
    lines_before_each_message: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            lines_before_each_message.append(len(finished(captured)))
            await send(dict(message))
        lines_before_each_message.append(len(finished(captured)))

    sent = await call(captured, app, scope_of(headers=[(b"x-correlation-id", b"caller-1")]))

    assert lines_before_each_message == [0] * len(messages) + [1]
    for was, now in zip(messages, sent, strict=True):
        if was["type"] == "http.response.start":
            expected = [*was.get("headers", ()), (b"x-correlation-id", b"caller-1")]
            assert [tuple(pair) for pair in now["headers"]] == expected
            assert {**now, "headers": None} == {**was, "headers": None}
        else:
            assert now == was
    [span] = captured.spans()
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in attributes_of(span)
    assert len(finished(captured)) == 1


async def test_a_file_is_sent_by_its_path_where_the_server_can(
    captured: Captured, tmp_path: Path
) -> None:
    page = tmp_path / "page.txt"
    page.write_text("page")

    async def download(request: Request) -> Response:
        return FileResponse(page)

    scope = scope_of(extensions={"http.response.pathsend": {}})
    sent = await call(captured, Starlette(routes=[Route("/", download)]), scope)
    assert sent[-1] == {"type": "http.response.pathsend", "path": str(page)}
    assert "error.type" not in attributes_of(captured.span("GET /"))


async def test_the_applications_own_start_message_is_left_as_it_was(captured: Captured) -> None:
    kept: Message = {"type": "http.response.start", "status": 200, "headers": ((b"a", b"b"),)}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(kept))
        await send(dict(END))

    first = await call(captured, app, scope_of())
    second = await call(captured, app, scope_of())
    assert kept["headers"] == ((b"a", b"b"),)
    assert len(header(first, b"x-correlation-id")) == len(header(second, b"x-correlation-id")) == 1
    assert header(first, b"x-correlation-id") != header(second, b"x-correlation-id")
