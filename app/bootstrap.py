"""Wires the service: every dependency is made here, once, and each can be given instead.

What is made costs nothing until it is entered: `running` connects, and disconnects in the
opposite order.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

from starlette.applications import Starlette
from starlette.types import ASGIApp

from app.authorization.epoch import Epoch, EpochWatcher
from app.authorization.model import DecisionLayer
from app.authorization.register import GrantRegister
from app.authorization.service import AuthorizationService, stacked_layers
from app.authorization.store import RedisStore
from app.database.pool import DatabasePool
from app.database.schema import require_schema
from app.errors import StartupError, Unavailable
from app.http.authentication import KeyRing
from app.http.health import Dependency
from app.http.problems import exception_handlers
from app.http.routes import url_table
from app.reports.scheduler import ReportScheduler
from app.reports.status import ReportStatuses
from app.settings import Settings
from telemetry.asyncpg import instrument_asyncpg
from telemetry.runtime import Telemetry


class Overrides(TypedDict, total=False):
    """The dependencies that a caller may give in place of those made here."""

    pool: DatabasePool
    store: RedisStore
    epoch: Epoch
    layers: DecisionLayer


@dataclass(frozen=True, slots=True)
class Service:
    """The web service, wired. `asgi` is what a server serves, while `running` is entered."""

    app: Starlette
    asgi: ASGIApp
    running: Callable[[], AbstractAsyncContextManager[None]]


def build(settings: Settings, telemetry: Telemetry, **overrides: Unpack[Overrides]) -> Service:
    """Return the wired web service; nothing is connected yet.

    A server that speaks ASGI's lifespan need not enter `running`: the lifespan does.
    """
    meter = telemetry.meter
    pool = overrides.get("pool") or DatabasePool(
        settings, telemetry, application=telemetry.settings.service_name
    )
    store = overrides.get("store") or RedisStore.open(
        settings.redis_url.get_secret_value(), telemetry
    )
    epoch = overrides.get("epoch") or Epoch(meter)
    layers = overrides.get("layers") or stacked_layers(pool, store, epoch, telemetry)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(connected(pool, settings, telemetry))
            stack.push_async_callback(store.close)
            await stack.enter_async_context(EpochWatcher(pool, epoch).running())
            yield

    app = Starlette(
        routes=url_table(
            keys=KeyRing(settings.api_keys, telemetry.pseudonyms),
            dependencies=[
                Dependency("database", pool.ping, is_required=True),
                Dependency("redis", store.ping, is_required=False),
            ],
            authorization=AuthorizationService(layers, telemetry),
            register=GrantRegister(pool, epoch, meter),
            scheduler=ReportScheduler(pool, telemetry),
            statuses=ReportStatuses(pool),
            pseudonyms=telemetry.pseudonyms,
        ),
        exception_handlers=exception_handlers(),
        lifespan=lambda _: running(),
    )
    app.router.redirect_slashes = False  # an API's path is exact: /grants/ is nothing
    return Service(app, telemetry.wrap(app), running)


@asynccontextmanager
async def connected(
    pool: DatabasePool, settings: Settings, telemetry: Telemetry
) -> AsyncIterator[None]:
    """Hold what both processes need: asyncpg traced, the pool open, the event loop watched.

    Raises `StartupError` where the database is away or not migrated.
    """
    async with AsyncExitStack() as stack:
        stack.callback(instrument_asyncpg(telemetry.tracing, telemetry.meter))
        try:
            await pool.start()
        except Unavailable as error:
            reason = type(error.__cause__ or error).__name__
            message = f"the database at {settings.database_address} cannot be reached ({reason})"
            raise StartupError(message) from error
        stack.push_async_callback(pool.close, settings.stop_budget.closing)
        await require_schema(pool)
        await stack.enter_async_context(telemetry.watch_event_loop())
        yield
