"""Wires the service: every dependency is made here, once, and each can be given instead.

What is made costs nothing until it is entered: `running` connects, and disconnects in the
opposite order.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

import asyncpg
from starlette.applications import Starlette
from starlette.types import ASGIApp

from app.audit.origin import RememberClient
from app.audit.sealer import LagSampler
from app.authorization.epoch import Epoch, EpochWatcher
from app.authorization.evaluator import GrantEvaluator
from app.authorization.listing import GraphListing
from app.authorization.model import DecisionLayer
from app.authorization.questions import GraphQuestions
from app.authorization.register import GrantRegister
from app.authorization.service import AuthorizationService, stacked_layers
from app.authorization.store import RedisStore
from app.batches.http import ImportLimits
from app.batches.http import routes as import_routes
from app.batches.ledger import Ledger
from app.batches.user_ledger import UserBatches
from app.batches.users_http import routes as user_batch_routes
from app.database.capacity import require_capacity
from app.database.pool import DatabasePool
from app.database.schema import require_schema
from app.errors import SettingsError, StartupError, Unavailable
from app.http.authentication import Gate
from app.http.bodies import BODY_SECONDS
from app.http.headers import ResponseHeaders
from app.http.health import Dependency
from app.http.problems import exception_handlers
from app.http.routes import url_table
from app.reports.control import ReportControl
from app.reports.scheduler import ReportScheduler
from app.reports.schedules import ReportSchedules
from app.reports.status import ReportStatuses
from app.security.key_ring import KeyRing, Rates
from app.security.key_watcher import KeyWatcher
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
        settings.redis_url.get_secret_value(),
        telemetry,
        command_seconds=settings.redis_command_seconds,
    )
    epoch = overrides.get("epoch") or Epoch(meter)
    layers = overrides.get("layers") or stacked_layers(pool, store, epoch, telemetry)
    ring = KeyRing(
        settings.api_keys, Rates(settings.rate_limit_per_second, settings.rate_limit_burst)
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(connected(pool, settings, telemetry))
            stack.push_async_callback(store.close)
            await stack.enter_async_context(EpochWatcher(pool, epoch).running())
            await stack.enter_async_context(LagSampler(pool, meter).running())
            await stack.enter_async_context(KeyWatcher(pool, ring, meter).running())
            if ring.is_empty:
                message = "SIGHTLINE_API_KEYS is required, or python -m app keys create: no key yet"
                raise SettingsError(message)
            yield

    app = Starlette(
        routes=url_table(
            keys=Gate(ring, telemetry.pseudonyms, meter, settings.unauthenticated_per_minute),
            dependencies=[
                Dependency("database", pool.ping, is_required=True),
                Dependency("redis", store.ping, is_required=False),
            ],
            authorization=AuthorizationService(layers, telemetry),
            questions=GraphQuestions(GrantEvaluator(pool, telemetry.tracing, meter), telemetry),
            register=GrantRegister(pool, epoch, meter),
            listing=GraphListing(pool),
            imports=import_routes(
                Ledger(pool, telemetry, lease_seconds=settings.lease_seconds),
                ImportLimits(settings.import_max_bytes, settings.import_folder),
            ),
            user_batches=user_batch_routes(
                UserBatches(pool, telemetry, lease_seconds=settings.lease_seconds)
            ),
            scheduler=ReportScheduler(pool, telemetry),
            statuses=ReportStatuses(pool),
            control=ReportControl(pool, meter),
            schedules=ReportSchedules(pool),
            pseudonyms=telemetry.pseudonyms,
            pool=pool,
            public_url=settings.public_url or f"http://{settings.http_host}:{settings.http_port}",
        ),
        exception_handlers=exception_handlers(),
        lifespan=lambda _: running(),
    )
    setattr(app.state, BODY_SECONDS, settings.http_body_seconds)
    app.router.redirect_slashes = False  # an API's path is exact: /grants/ is nothing
    remembering = RememberClient(app, settings.audit_client_address)
    guarded = ResponseHeaders(remembering, settings.hsts_seconds)
    return Service(app, telemetry.wrap(guarded), running)


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
            if isinstance(error.__cause__, asyncpg.ProtocolViolationError):
                # A pooler takes none of the settings that a server takes at the start.
                message += "; behind pgbouncer SIGHTLINE_DATABASE_PGBOUNCER=true is required"
            raise StartupError(message) from error
        stack.push_async_callback(pool.close, settings.stop_budget.closing)
        await require_schema(pool)
        await require_capacity(pool, settings)
        await stack.enter_async_context(telemetry.watch_event_loop())
        yield
