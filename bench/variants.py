"""The contestants by name: which module builds each, and what must arrive of it.

Plain data: the stock packages are imported only in the server process that runs them.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp

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


@dataclass(frozen=True, slots=True)
class Variant:
    """`build` is `module:function`; then what a request must leave behind."""

    build: str
    spans: int = 0
    lines: int = 0
    count: str = ""


VARIANTS: Final[Mapping[str, Variant]] = {
    "bare": Variant("bench.apps.bare:build"),
    "ours": Variant("bench.apps.ours:build", 1, 1, "http_server_request_duration_seconds_count"),
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
}


def builder(variant: str) -> Callable[[Wiring], Built]:
    """Return what builds the variant, imported only now."""
    module, _, function = VARIANTS[variant].build.partition(":")
    found: Callable[[Wiring], Built] = getattr(importlib.import_module(module), function)
    return found
