"""The contestants by name: which module builds each, and what must arrive of it.

Plain data: the stock packages are imported only in the server process that runs them.
"""

import importlib
from asyncio import Protocol
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp

from app.signals import CHECK_DURATION, DECISION, DECISION_SOURCE
from bench.domain import questions

PATH: Final = "/decisions/alice"
BODY: Final = b'{"allowed":true}'


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a contestant is given: where its spans go, how many, and the data store's address."""

    collector: str
    sampling: float
    store: str


@dataclass(frozen=True, slots=True)
class Built:
    """A contestant in its process: the application, its metrics' port (0: none), and its end.

    `finish` delivers what is queued and returns how many spans were sampled.
    """

    app: ASGIApp
    metrics_port: int = 0
    finish: Callable[[], int] = lambda: 0
    protocol: str | type[Protocol] = "httptools"


@dataclass(frozen=True, slots=True)
class Variant:
    """`build` is `module:function`; then what a request must leave behind, and what is sent.

    `count` is the sample that counts the requests, where it has those labels too. Where `is_exact`
    is false a few requests, such as the first, take another way: most of them are counted, and they
    may leave more spans and lines behind.
    """

    build: str
    spans: int = 0
    lines: int = 0
    count: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    is_exact: bool = True
    requests: tuple[bytes, ...] = ()
    answer: bytes = BODY


def _handler(build: str, spans: int, consistency: str = "minimize_latency") -> Variant:
    """Return a handler of the same question, with nothing of the service but its telemetry."""
    return Variant(
        f"bench.apps.checks:{build}",
        spans,
        1,
        "http_server_request_duration_seconds_count",
        requests=questions.requests(consistency),
        answer=questions.LAST_BYTES,
    )


def _check(build: str, spans: int, source: str, consistency: str = "minimize_latency") -> Variant:
    """Return the service itself, and the layer that has to have answered."""
    return Variant(
        f"bench.apps.service:{build}",
        spans,
        1,
        CHECK_DURATION.prometheus_name + "_count",
        {DECISION.prometheus_name: "allow", DECISION_SOURCE.prometheus_name: source},
        is_exact=False,
        requests=questions.requests(consistency),
        answer=questions.LAST_BYTES,
    )


VARIANTS: Final[Mapping[str, Variant]] = {
    "bare": Variant("bench.apps.bare:build"),
    "ours": Variant("bench.apps.ours:build", 1, 1, "http_server_request_duration_seconds_count"),
    "ours.silent_collector": Variant(
        "bench.apps.outages:build_silent_collector",
        0,
        1,
        "http_server_request_duration_seconds_count",
    ),
    "ours.unread_stdout": Variant(
        "bench.apps.outages:build_unread_stdout",
        1,
        0,
        "http_server_request_duration_seconds_count",
    ),
    # A server span, and one for each of the answer's two messages.
    "stock": Variant("bench.apps.stock:build", 3, 1, "starlette_requests_total"),
    "asyncpg.bare": Variant("bench.apps.bare:build_asyncpg"),
    "asyncpg.ours": Variant(
        "bench.apps.ours:build_asyncpg", 1, 0, "db_client_operation_duration_seconds_count"
    ),
    "asyncpg.stock": Variant("bench.apps.stock:build_asyncpg", 1),
    "redis.bare": Variant("bench.apps.bare:build_redis"),
    "redis.ours": Variant(
        "bench.apps.ours:build_redis", 1, 0, "db_client_operation_duration_seconds_count"
    ),
    "redis.stock": Variant("bench.apps.stock:build_redis", 1),
    "check.handler": _handler("build_handler", 2),
    "check.handler.untold": _handler("build_untold_handler", 1),
    "check.handler.get": _handler("build_redis_handler", 4),
    "check.handler.query": _handler("build_asyncpg_handler", 5, "full"),
    "check.l1": _check("build_l1", 2, "l1"),
    "check.handler.get.alone": _handler("build_redis_handler_alone", 3),
    "check.l2": _check("build_l2", 4, "l2"),
    "check.l2.alone": _check("build_l2_alone", 3, "l2"),
    "check.db": _check("build_l1", 6, "database", "full"),
}


def builder(variant: str) -> Callable[[Wiring], Built]:
    """Return what builds the variant, imported only now."""
    module, _, function = VARIANTS[variant].build.partition(":")
    found: Callable[[Wiring], Built] = getattr(importlib.import_module(module), function)
    return found
