"""What a check over HTTP is measured against: a Starlette handler that does only what is asked.

It reads the same question and answers in the same form: from a dictionary, by one GET of Redis, or
by one statement of PostgreSQL, the service's own. It tells what the service tells of it: the same
spans, metrics and pseudonyms. No key, no bounds, no validation, no epoch, no cache.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import signals
from app.authorization.limits import GraphLimits
from app.authorization.model import LookupResult, Source
from app.database.relations_check import DECIDE
from bench.apps import handlers
from bench.apps.ours import built, started
from bench.domain.questions import PATH, USERS
from bench.variants import Built, Wiring
from telemetry.asyncpg import instrument_asyncpg
from telemetry.catalog import Span
from telemetry.catalog.attributes import USER_HASH
from telemetry.redis import traced
from telemetry.redis_pool import measured_pool
from telemetry.runtime import Telemetry

Question = dict[str, str]
Ask = Callable[[Question], Awaitable[bool]]
Handler = Callable[[Request], Awaitable[JSONResponse]]
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
_LAYERS: Final = (  # outermost first
    (signals.CACHE_L1, Source.L1),
    (signals.CACHE_L2, Source.L2),
    (signals.EVALUATE, Source.DATABASE),
)
Layers = tuple[tuple[Span, Source], ...]
_CONNECTIONS: Final = 8
_LIMITS: Final = GraphLimits()


def build_handler(wiring: Wiring) -> Built:
    """Return the handler that asks nobody."""
    allowed = set(USERS)

    async def look_up(asked: Question) -> bool:
        return asked["user"] in allowed

    telemetry = started(wiring, signals.ATTRIBUTES)
    return _built(telemetry, look_up, _LAYERS[:1])


def build_untold_handler(wiring: Wiring) -> Built:
    """Return the same with nothing told but the request."""
    telemetry = started(wiring, signals.ATTRIBUTES)
    allowed = set(USERS)

    async def check(request: Request) -> JSONResponse:
        asked = await request.json()
        return JSONResponse({"allowed": asked["user"] in allowed, "source": "l1"})

    return built(telemetry, telemetry.wrap(_starlette(check)))


def build_redis_handler(wiring: Wiring) -> Built:
    """Return the handler that runs one GET."""
    return _redis_handler(wiring, _LAYERS[:2])


def build_redis_handler_alone(wiring: Wiring) -> Built:
    """Return the same, telling of one cache layer."""
    return _redis_handler(wiring, _LAYERS[1:2])


def _redis_handler(wiring: Wiring, layers: Layers) -> Built:
    telemetry = started(wiring, signals.ATTRIBUTES)
    client = traced(
        handlers.redis_client(wiring.store.split()[1]), telemetry.tracing, telemetry.meter
    )
    measured_pool(client.connection_pool, telemetry.meter, "redis")

    async def get(asked: Question) -> bool:
        return bool(await client.get(f"decision:{asked['user']}") != b"0")

    return _built(telemetry, get, layers)


def build_asyncpg_handler(wiring: Wiring) -> Built:
    """Return the handler that runs the statement of a check, on connections that are held open."""
    telemetry = started(wiring, signals.ATTRIBUTES)
    idle: asyncio.LifoQueue[Any] = asyncio.LifoQueue()

    async def decide(asked: Question) -> bool:
        connection = await idle.get()
        try:
            row = await connection.fetchrow(
                DECIDE,
                *(asked["user"], asked["resource"], asked["action"]),
                *(_LIMITS.depth, _LIMITS.groups, _LIMITS.ancestors, _LIMITS.actions),
            )
        finally:
            idle.put_nowait(connection)
        return bool(row["outcome"])

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        url, settings = wiring.store.split()[0], {"plan_cache_mode": "force_generic_plan"}
        for _connection in range(_CONNECTIONS):
            idle.put_nowait(await asyncpg.connect(url, server_settings=settings))
        with_telemetry_off = instrument_asyncpg(telemetry.tracing, telemetry.meter)
        yield
        with_telemetry_off()
        while not idle.empty():
            await idle.get_nowait().close()

    return _built(telemetry, decide, _LAYERS, lifespan)


def _built(
    telemetry: Telemetry, ask: Ask, layers: Layers, lifespan: Lifespan | None = None
) -> Built:
    duration = telemetry.meter.histogram(signals.CHECK_DURATION)
    pseudonyms = telemetry.pseudonyms
    told = ask
    source = layers[-1][1]
    for span, layer in reversed(layers):
        told = _told(telemetry, told, span, layer)

    async def check(request: Request) -> JSONResponse:
        pseudonyms.mark(USER_HASH, "bench")
        asked = await request.json()
        pseudonyms.mark(signals.SUBJECT_HASH, asked["user"])
        started_at = time.perf_counter()
        allowed = await told(asked)
        duration.observe(time.perf_counter() - started_at, "allow", source.value)
        return JSONResponse({"allowed": allowed, "source": source})

    return built(telemetry, telemetry.wrap(_starlette(check, lifespan)))


def _told(telemetry: Telemetry, inner: Ask, span: Span, layer: Source) -> Ask:
    """Return the same, with what a layer of the service tells; it answers where it is the last."""
    tracing = telemetry.tracing
    if layer is Source.DATABASE:

        async def evaluate(asked: Question) -> bool:
            with tracing.span(span):
                return await inner(asked)

        return evaluate
    lookups = telemetry.meter.counter(signals.CACHE_LOOKUPS)

    async def look_up(asked: Question) -> bool:
        with tracing.span(span) as current:
            current.set_attribute(signals.CACHE_RESULT.attribute, LookupResult.HIT.value)
            lookups.add(1, layer.value, LookupResult.HIT.value)
            return await inner(asked)

    return look_up


def _starlette(check: Handler, lifespan: Lifespan | None = None) -> Starlette:
    return Starlette(routes=[Route(PATH, check, methods=["POST"])], lifespan=lifespan)
