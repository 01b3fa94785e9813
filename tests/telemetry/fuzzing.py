"""What clients may send, made up by hypothesis, and how long to make it up.

By default a test takes a few hundred cases, which is seconds. With `SIGHTLINE_FUZZ_SECONDS` set,
the tests share that many seconds, in rounds with a line of progress each:

    SIGHTLINE_FUZZ_SECONDS=3600 python -m pytest -s tests/telemetry/test_fuzz*.py

A failure prints the smallest case found, and the next run tries that first.
"""

import os
import re
import sys
import time
from collections.abc import Callable
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route

from telemetry.catalog.http import KNOWN_METHODS

SECONDS: Final = float(os.environ.get("SIGHTLINE_FUZZ_SECONDS", "0"))
TESTS: Final = 6
"""Among how many the seconds are shared: two at ASGI level, two on a socket for each parser."""

FIT_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def of_cases(count: int) -> settings:
    """Settings for `count` cases a round."""
    return settings(
        max_examples=count,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def rounds(name: str, one_round: Callable[[], None], cases: Callable[[], int]) -> None:
    """Run a round, and further ones for this test's share of the time."""
    until = time.monotonic() + SECONDS / TESTS
    one_round()
    while time.monotonic() < until:
        left = until - time.monotonic()
        sys.stderr.write(f"{name}: {cases():,} cases, {left:,.0f} s left\n")
        one_round()


async def hello(request: Request) -> Response:
    return PlainTextResponse(await request.body())


ROUTES = [
    Route("/hello", hello, methods=["GET", "POST"]),
    Route("/items/{item}", hello),
    Mount("/tenants/{tenant}", routes=[Route("/items/{item:int}", hello)]),
    Host("{name}.hosts.test", app=Starlette(routes=[Route("/", hello)])),
]

TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NAMES = st.sampled_from(
    [
        *(b"traceparent", b"tracestate", b"baggage", b"x-correlation-id", b"x-request-id"),
        *(b"user-agent", b"host", b"x-forwarded-for", b"content-length", b"content-type"),
    ]
)
TELLING = st.sampled_from(
    [
        *(TRACEPARENT, TRACEPARENT[:-1] + b"g", b"ff" + TRACEPARENT[2:], b"cc" + TRACEPARENT[2:]),
        *(b"a=1,b=2", b"a=1,a=1", b",,,", b"caller-1", b"a" * 65, b"[::1]:80", b"a:99999999", b":"),
        *(
            b"\xff\\",
            b"\x00",
            b"\r\nset-cookie: a=b",
            "\u202e".encode(),
            b"%",
            b"{}",
            b"[",
            b"0" * 99,
        ),
    ]
)
VALUES = st.one_of(
    TELLING,
    st.binary(max_size=300),
    st.builds(lambda a, b: a + b, TELLING, st.binary(max_size=40)),
    st.from_regex(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", fullmatch=True),
    st.from_regex(rb"([a-z0-9@]{1,5}=[ -~]{0,9},?){1,40}", fullmatch=True),
)
HEADERS = st.lists(st.tuples(st.one_of(NAMES, st.binary(max_size=30)), VALUES), max_size=12)
METHODS = st.one_of(st.sampled_from([*KNOWN_METHODS, "_OTHER", "get"]), st.text(max_size=30))
PATHS = st.one_of(
    st.sampled_from(["/hello", "/hello/", "/items/7", "/tenants/a/items/7", "/tenants/a/items/x"]),
    st.text(max_size=200).map(lambda text: f"/{text}"),
    st.text(max_size=20).map(lambda text: f"/items/{text}"),
    st.text(max_size=20),
)
PAIRS = st.lists(st.tuples(st.sampled_from([b"token", b"sig", b"q", b""]), VALUES), max_size=9)
QUERIES = st.one_of(
    st.binary(max_size=300), PAIRS.map(lambda pairs: b"&".join(b"=".join(pair) for pair in pairs))
)


HEADER_LINES = st.lists(
    st.builds(lambda name, value: name + b": " + value + b"\r\n", NAMES, VALUES), max_size=8
).map(b"".join)
REQUESTS = st.builds(
    lambda method, target, version, lines, body: (
        method + b" " + target + b" HTTP/" + version + b"\r\n" + lines + b"\r\n" + body
    ),
    st.sampled_from([b"GET", b"POST", b"HEAD", b"BREW", b"get", b"G\x00T"]),
    st.one_of(st.sampled_from([b"/hello", b"/items/%ff?token=a", b"*", b"/\xff"]), st.binary()),
    st.sampled_from([b"1.1", b"1.0", b"9.9", b"1.1 "]),
    st.builds(
        lambda host, lines: host + lines, st.sampled_from([b"Host: a\r\n", b""]), HEADER_LINES
    ),
    st.binary(max_size=40),
)
