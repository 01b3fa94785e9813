"""Faults of what the service stands on: PostgreSQL and Redis, and the wires to them."""

import signal
from typing import Final

from alerts import naming
from app import signals
from app.objectives import API_AVAILABILITY, AUDIT_SEALING, CHECK_LATENCY, REPORT_DELIVERY
from compose.faults.model import Evidence, Fault, Layer, Told
from compose.faults.stage import Stage
from telemetry.catalog import database, http

AVAILABILITY: Final = Told(naming.burn_alert(API_AVAILABILITY))
LATENCY: Final = Told(naming.burn_alert(CHECK_LATENCY))
DELIVERY: Final = Told(naming.burn_alert(REPORT_DELIVERY))
SEALING: Final = Told(naming.burn_alert(AUDIT_SEALING))
UNAVAILABLE: Final = Told(naming.DATABASE_UNAVAILABLE)
SATURATED: Final = Told(naming.POOL_SATURATED)
BYPASSED: Final = Told(naming.CACHE_BYPASSED)
BREAKER: Final = Told(naming.CACHE_BREAKER_OPEN)
BLOCKED: Final = Told(naming.LOOP_BLOCKED)
DELAYED: Final = Told(naming.QUEUE_DELAYED)
UNSEALED: Final = Told(naming.AUDIT_SEALING_STOPPED)
LEASES: Final = Told(naming.LEASES_EXPIRING)
STUCK: Final = Told(naming.IMPORT_STUCK)
DEAD: Final = Told(naming.DEAD_LETTERED)
DOWN: Final = Told(naming.TARGET_DOWN)

_BEHIND_THE_DATABASE: Final = (LATENCY, DELIVERY, DELAYED, UNSEALED, LEASES, STUCK, DEAD)
_SLOW_DATABASE_SECONDS: Final = 0.15
_SLOW_REDIS_SECONDS: Final = 0.25
_CHECK: Final = "POST /permissions/check"
_KEPT_FREE: Final = ("alembic_version", "api_keys", "api_keys_mark", "grant_epoch")
"""Tables that tell the service what it may believe; they are read beside the pool."""


async def _kill_postgresql(stage: Stage) -> None:
    # SIGQUIT is PostgreSQL's immediate shutdown: no goodbye to anyone, as in a crash.
    await stage.platform.stop_part("postgres", signal.SIGQUIT)


async def _start_postgresql(stage: Stage) -> None:
    await stage.platform.start_part("postgres")


async def _slow_postgresql(stage: Stage) -> None:
    stage.wires.database.delay(_SLOW_DATABASE_SECONDS)


async def _free_database_wire(stage: Stage) -> None:
    stage.wires.database.release()


async def _lock_all_tables(stage: Stage) -> None:
    kept = ", ".join(f"'{name}'" for name in _KEPT_FREE)
    tables = await stage.rows(
        "SELECT format('%I', relname) AS name FROM pg_class"  # noqa: S608  # our own words
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        f" AND relname NOT IN ({kept})"
    )
    await stage.hold_open(f"LOCK TABLE {', '.join(row['name'] for row in tables)}")


async def _lock_the_epoch(stage: Stage) -> None:
    await stage.hold_open("SELECT * FROM grant_epoch FOR UPDATE")


async def _let_go(stage: Stage) -> None:
    await stage.let_go()


async def _kill_redis(stage: Stage) -> None:
    await stage.platform.stop_part("valkey", signal.SIGKILL)


async def _start_redis(stage: Stage) -> None:
    await stage.platform.start_part("valkey")


async def _silence_redis(stage: Stage) -> None:
    stage.wires.cache.hold()


async def _slow_redis(stage: Stage) -> None:
    stage.wires.cache.delay(_SLOW_REDIS_SECONDS)


async def _free_cache_wire(stage: Stage) -> None:
    stage.wires.cache.release()


async def _cut_invalidation(stage: Stage) -> None:
    stage.wires.database.hold()


STORE_FAULTS: Final = (
    Fault(
        name="postgresql-down",
        breaks="PostgreSQL dies as in a crash; nothing answers on its port.",
        layer=Layer.DATABASE,
        expects=(UNAVAILABLE, AVAILABILITY),
        may_follow=(*_BEHIND_THE_DATABASE, BYPASSED, SATURATED),
        must_not=(BREAKER, DOWN),
        evidence=Evidence(
            ("service-overview", "Server errors by route and kind"),
            _CHECK,
            http.REQUEST_FINISHED,
            failed=True,
        ),
        inject=_kill_postgresql,
        repair=_start_postgresql,
    ),
    Fault(
        name="postgresql-slow",
        breaks="Every answer of PostgreSQL comes 150 ms late.",
        layer=Layer.DATABASE,
        expects=(LATENCY,),
        may_follow=(SATURATED, AVAILABILITY, UNAVAILABLE, BYPASSED, DELAYED, UNSEALED, LEASES),
        must_not=(BREAKER, DOWN, BLOCKED),
        evidence=Evidence(
            ("database", "Time in use"),
            signals.EVALUATE,
            http.REQUEST_FINISHED,
            slow_seconds=_SLOW_DATABASE_SECONDS,
        ),
        inject=_slow_postgresql,
        repair=_free_database_wire,
    ),
    Fault(
        name="pool-exhausted",
        breaks="Somebody's transaction locks the service's tables: every connection waits.",
        layer=Layer.DATABASE,
        expects=(SATURATED, AVAILABILITY),
        may_follow=(*_BEHIND_THE_DATABASE, UNAVAILABLE, BYPASSED),
        must_not=(BREAKER, DOWN),
        evidence=Evidence(
            ("database", "Share of the pool in use"),
            database.POOL_ACQUIRE,
            http.REQUEST_FINISHED,
            failed=True,
        ),
        inject=_lock_all_tables,
        repair=_let_go,
    ),
    Fault(
        name="lock-held",
        breaks="Somebody's transaction holds the row that every change of a grant moves.",
        layer=Layer.DATABASE,
        expects=(AVAILABILITY,),
        may_follow=(SATURATED, LATENCY, UNAVAILABLE, UNSEALED, DELAYED, STUCK, LEASES),
        must_not=(BREAKER, DOWN),
        evidence=Evidence(
            ("service-overview", "Server errors by route and kind"),
            "POST /grants",
            http.REQUEST_FINISHED,
            failed=True,
        ),
        inject=_lock_the_epoch,
        repair=_let_go,
        later_seconds=15.0,
        why_later="A change waits 5 s for the lock before it fails, and ten of them must.",
    ),
    Fault(
        name="redis-down",
        breaks="Redis is killed.",
        layer=Layer.CACHE,
        expects=(BREAKER,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN),
        evidence=Evidence(
            ("authorization", "Circuit breaker round Redis"),
            signals.CACHE_L2,
            signals.CACHE_UNAVAILABLE,
            attribute=(signals.CACHE_RESULT.attribute, "error"),
        ),
        inject=_kill_redis,
        repair=_start_redis,
    ),
    Fault(
        name="redis-black-holed",
        breaks="Redis keeps its connections open and says nothing any more.",
        layer=Layer.CACHE,
        expects=(BREAKER,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN),
        evidence=Evidence(
            ("authorization", "Circuit breaker round Redis"),
            signals.CACHE_L2,
            signals.CACHE_UNAVAILABLE,
            attribute=(signals.CACHE_RESULT.attribute, "error"),
        ),
        inject=_silence_redis,
        repair=_free_cache_wire,
    ),
    Fault(
        name="redis-slow",
        breaks="Every answer of Redis comes 250 ms late, longer than a check waits for it.",
        layer=Layer.CACHE,
        expects=(BREAKER,),
        must_not=(AVAILABILITY, UNAVAILABLE, DOWN),
        evidence=Evidence(
            ("authorization", "Circuit breaker round Redis"),
            signals.CACHE_L2,
            signals.CACHE_UNAVAILABLE,
            attribute=(signals.CACHE_RESULT.attribute, "error"),
        ),
        inject=_slow_redis,
        repair=_free_cache_wire,
    ),
    Fault(
        name="invalidation-cut",
        breaks="The connection by which a process hears of changed grants goes silent.",
        layer=Layer.CACHE,
        expects=(BYPASSED,),
        must_not=(AVAILABILITY, UNAVAILABLE, BREAKER, DOWN),
        evidence=Evidence(
            ("authorization", "Age of the epoch"),
            signals.CACHE_L2,
            signals.EPOCH_UNCONFIRMED,
            attribute=(signals.CACHE_RESULT.attribute, "bypass"),
        ),
        inject=_cut_invalidation,
        repair=_free_database_wire,
    ),
)
