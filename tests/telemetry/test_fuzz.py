"""Whatever a client or an application sends: what it would have been without telemetry, and an ID.

Requests and answers are made up at ASGI level, and each goes through the bare application and the
wrapped one. `tests/telemetry/fuzzing.py` says how to let it run for an hour.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.catalog import http
from telemetry.catalog.http import KNOWN_METHODS
from telemetry.testing import Captured, captured_telemetry
from tests.telemetry.asgi import finished, header, leaves_nothing_bound, scope_of
from tests.telemetry.fuzzing import (
    FIT_ID,
    HEADERS,
    METHODS,
    PATHS,
    QUERIES,
    ROUTES,
    of_cases,
    rounds,
)


@dataclass
class Both:
    """The bare application and the wrapped one, on one loop, for all cases of a test."""

    loop: asyncio.AbstractEventLoop
    captured: Captured
    cases: int = 0
    bare: ASGIApp = field(default_factory=lambda: Starlette(routes=ROUTES))

    def __post_init__(self) -> None:
        self.wrapped: ASGIApp = self.captured.telemetry.wrap(Starlette(routes=ROUTES))

    def answer(self, app: ASGIApp, scope: Scope) -> list[Message] | type[Exception]:
        return self.loop.run_until_complete(answer(app, scope))

    def begin(self) -> None:
        self.cases += 1
        self.captured.clear()


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    loop = asyncio.new_event_loop()
    with captured_telemetry() as captured:
        yield Both(loop, captured)
        assert leaves_nothing_bound(captured)
    loop.close()


async def answer(app: ASGIApp, scope: Scope) -> list[Message] | type[Exception]:
    """The messages that the application sent, or the class of what it raised."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"body", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001  # of whatever class, it is compared
        return type(error)
    return sent


def without_id(sent: list[Message]) -> list[dict[str, Any]]:
    """The messages as a bare application sends them."""
    bare = [dict(message) for message in sent]
    for message in bare:
        if "headers" in message:
            kept = [pair for pair in message["headers"] if pair[0] != b"x-correlation-id"]
            message["headers"] = kept
    return bare


def callers_id(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The ID that must come back: of the first header that has one fit and only one."""
    for name in (b"x-correlation-id", b"x-request-id"):
        sent = [value for key, value in headers if key == name]
        if len(sent) == 1 and FIT_ID.fullmatch(sent[0]):
            return sent[0]
    return None


def test_the_answer_is_the_bare_applications_with_an_id(both: Both) -> None:
    @of_cases(300)
    @given(method=METHODS, path=PATHS, query=QUERIES, headers=HEADERS)
    def cases(method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        def scope() -> Scope:
            made = scope_of(path, method=method, query_string=query, raw_path=b"")
            return {**made, "headers": [*headers]}

        both.begin()
        expected = both.answer(both.bare, scope())
        got = both.answer(both.wrapped, scope())
        assert not isinstance(got, type)
        [identity] = header(got, b"x-correlation-id")
        assert FIT_ID.fullmatch(identity)
        assert identity == (callers_id(headers) or identity)
        if isinstance(expected, type):
            assert got[0]["status"] == 500
        else:
            assert without_id(got) == expected
            assert http.REQUEST_FAILED.name not in both.captured.events()
        [line] = finished(both.captured)
        assert line["correlation_id"] == identity.decode()
        check_bounds(both.captured)

    rounds("requests", cases, lambda: both.cases)


def check_bounds(captured: Captured) -> None:
    """At most one span, of bounded values, and series of known methods only."""
    assert len(captured.spans()) <= 1  # none where the caller does not sample
    for span in captured.spans():
        assert span.name.isprintable()
        assert max(len(str(value)) for value in (span.attributes or {}).values()) <= 1024
    families = captured.telemetry.meter.registry.collect()
    http_families = [family for family in families if family.name.startswith("http_server")]
    assert http_families
    for family in http_families:
        for sample in family.samples:
            assert sample.labels.get("http_request_method", "_OTHER") in (*KNOWN_METHODS, "_OTHER")


ANSWER_HEADERS = st.lists(
    st.tuples(st.sampled_from([b"a", b"x-correlation-id", b"set-cookie"]), st.binary(max_size=9)),
    max_size=4,
)
STARTS = st.builds(
    lambda status, headers, more: {
        "type": "http.response.start",
        "status": status,
        **({"headers": headers} if headers is not None else {}),
        **more,
    },
    st.integers(100, 599),
    st.one_of(st.none(), ANSWER_HEADERS, ANSWER_HEADERS.map(tuple)),
    st.sampled_from([{}, {"trailers": True}, {"trailers": False}]),
)
BODIES = st.builds(
    lambda body, more: {"type": "http.response.body", **body, **more},
    st.sampled_from([{}, {"body": b""}, {"body": b"part"}]),
    st.sampled_from([{}, {"more_body": True}, {"more_body": False}]),
)
OTHERS = st.sampled_from(
    [
        {"type": "http.response.trailers", "headers": [(b"a", b"b")], "more_trailers": True},
        {"type": "http.response.trailers", "headers": []},
        {"type": "http.response.pathsend", "path": "/file"},
        {"type": "http.response.push", "path": "/", "headers": []},
        {"type": "http.response.early_hint", "links": []},
        {"type": "http.response.of_a_later_version"},
    ]
)
SCRIPTS = st.lists(st.one_of(STARTS, BODIES, OTHERS), max_size=6)


def playing(script: list[Message], raised: type[Exception] | None) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in script:
            await send(dict(message))
        if raised is not None:
            raise raised

    return app


def test_whatever_an_application_sends_goes_through(both: Both) -> None:
    @of_cases(200)
    @given(script=SCRIPTS, raised=st.sampled_from([None, None, ValueError]))
    def cases(script: list[Message], raised: type[Exception] | None) -> None:
        both.begin()
        wrapped = both.captured.telemetry.wrap(playing(script, raised))
        got = both.answer(wrapped, scope_of(headers=[(b"x-correlation-id", b"caller-1")]))
        assert not isinstance(got, type)
        begun = any(message["type"] == "http.response.start" for message in script)
        passed_on, added = got[: len(script)], got[len(script) :]
        for was, now in zip(script, passed_on, strict=True):
            assert {**now, "headers": None} == {**was, "headers": None}
            if was["type"] == "http.response.start":
                kept = [pair for pair in was.get("headers", ()) if pair[0].lower() != ID_HEADER]
                assert list(now["headers"]) == [*kept, (ID_HEADER, b"caller-1")]
        # An application that never began is answered for; nothing is added to any other's answer.
        assert [message.get("status") for message in added] == ([] if begun else [500, None])
        assert begun or header(added, ID_HEADER) == [b"caller-1"]
        failed = both.captured.events().count(http.REQUEST_FAILED.name)
        assert failed == (1 if raised else 0)
        assert len(finished(both.captured)) == 1

    rounds("answers", cases, lambda: both.cases)


ID_HEADER = b"x-correlation-id"
