"""Tests of the alerts on database, pool and event loop; all of it is written here by hand."""

from dataclasses import replace
from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Probe, Run, Series
from alerts.cases.scene import STEPS, Scene
from alerts.links import Links

_LAG: Final = "audit_sealing_lag_seconds"
_COUNT: Final = "db_client_connection_count"
_MOST: Final = "db_client_connection_max"
_TIMERS: Final = "asyncio_event_loop_lag_seconds_count"
_JOBS: Final = 'job=~"sightline-web|sightline-worker"'
_WEB: Final = {"job": "sightline-web", "instance": "web:9464"}
_SECOND: Final = {"job": "sightline-web", "instance": "web2:9464"}
_OTHER: Final = {"job": "another-service", "instance": "elsewhere:1"}
_POOL: Final = {"db_client_connection_pool_name": "postgresql"}
_REDIS: Final = {"db_client_connection_pool_name": "redis"}
_USED: Final = {"db_client_connection_state": "used"}
_IDLE: Final = {"db_client_connection_state": "idle"}
_HEALTHY: Final = 297
"""Timers in 30 s of a loop that is late by a hundredth of the time."""


def _pool(process: dict[str, str], used: str, idle: str, most: int) -> tuple[Series, ...]:
    return (
        Series(_COUNT, {**process, **_POOL, **_USED}, used),
        Series(_COUNT, {**process, **_POOL, **_IDLE}, idle),
        Series(_COUNT, {**process, **_REDIS, **_USED}, f"9x{STEPS}"),
        Series(_MOST, {**process, **_POOL}, f"{most}x{STEPS}"),
        Series(_MOST, {**process, **_REDIS}, f"9x{STEPS}"),
    )


def _timers(process: dict[str, str], *runs: Run) -> Series:
    return Series.counter(_TIMERS, process, runs)


_UNAVAILABLE: Final = Scene(
    name=naming.DATABASE_UNAVAILABLE,
    severity="critical",
    labels=_WEB,
    summary="The database does not answer.",
    says=(
        "web:9464 of sightline-web asks PostgreSQL every few seconds and gets no answer. Until it"
        " is back, requests that need it are answered with 503, and what workers have in hand"
        " waits."
    ),
    board="database",
    graph=f"max by (job, instance) ({_LAG}{{{_JOBS}}})",
    fault="one process of two gets no answer for 3 m; another service has never had one",
    faulty=(
        Series(_LAG, _WEB, f"0x4 {' '.join(['NaN'] * 6)} 0x10"),
        Series(_LAG, _SECOND, "0.4x30"),
        Series(_LAG, _OTHER, " ".join(["NaN"] * 30)),
    ),
    pending=180,
    fires=210,
    resolved=330,
    almost="it answers, and nothing is sealed for an hour",
    tolerable=(Series(_LAG, _WEB, f"3600x{STEPS}"),),
    calm="nothing is put on record",
    idle=(Series(_LAG, _WEB, f"0x{STEPS}"),),
)
_SATURATED: Final = Scene(
    name=naming.POOL_SATURATED,
    labels=_WEB,
    summary="Nearly all connections to the database are in use, all the time.",
    says=(
        "web:9464 of sightline-web had 100% of its connections to PostgreSQL in use over the last"
        " 5m. At the end of the pool requests wait, then get 503."
    ),
    board="database",
    graph=(
        f'sum by (job, instance) (avg_over_time({_COUNT}{{{_JOBS}, db_client_connection_pool_name="'
        'postgresql", db_client_connection_state="used"}[5m]))\n/\nsum by (job, instance) '
        f'({_MOST}{{{_JOBS}, db_client_connection_pool_name="postgresql"}})'
    ),
    fault="all ten in use for 5 m; the other process has half of its own free",
    faulty=(
        *_pool(_WEB, "10x10 2x20", "0x10 8x20", 10),
        *_pool(_SECOND, "5x30", "5x30", 10),
        *_pool(_OTHER, "10x30", "0x30", 10),
    ),
    pending=270,
    fires=300,
    resolved=390,
    almost="89 of 100 in use",
    tolerable=_pool(_WEB, f"89x{STEPS}", f"11x{STEPS}", 100),
    calm="open, and none in use",
    idle=_pool(_WEB, f"0x{STEPS}", f"10x{STEPS}", 10),
)
_SLOW: Final = Scene(
    name=naming.LOOP_BLOCKED,
    case="slow",
    labels=_WEB,
    summary="Something holds the event loop: all requests of a process wait for it.",
    says=(
        "In 30% of the last 2m the event loop of web:9464 of sightline-web could not get to what"
        " was due. All that the process serves waits so long."
    ),
    board="runtime",
    graph=f"1 - 0.1 * sum by (job, instance) (rate({_TIMERS}{{{_JOBS}}}[2m]))",
    fault="late for three tenths of the time; another process is well",
    faulty=(
        _timers(_WEB, Run(12, 210), Run(12, _HEALTHY)),
        _timers(_SECOND, Run(24, _HEALTHY)),
        _timers(_OTHER, Run(24, 0)),
    ),
    pending=300,
    fires=330,
    resolved=480,
    almost="late for 24 % of the time",
    tolerable=(_timers(_WEB, Run(STEPS, 228)),),
    calm="nobody asks; the timer runs",
    idle=(_timers(_WEB, Run(STEPS, _HEALTHY)),),
    quiet=(900, 1800),
)
_HUNG: Final = replace(
    _SLOW,
    case="hung",
    severity="critical",
    says=_SLOW.says.replace("30%", "100%"),
    fault="it does not run at all: the slow rule fires with it, and is inhibited",
    faulty=(
        _timers(_WEB, Run(12, 0), Run(12, _HEALTHY)),
        _timers(_SECOND, Run(24, _HEALTHY)),
    ),
    almost="late for 89 % of the time, which is slow",
    tolerable=(_timers(_WEB, Run(STEPS, 33)),),
    also=(replace(_SLOW, says=_SLOW.says.replace("30%", "100%")),),
)


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    scenes = (_UNAVAILABLE, _SATURATED, _HUNG, _SLOW)
    return (
        *(case for scene in scenes for case in scene.cases(links)),
        Case(
            subject=_UNAVAILABLE.name,
            kinds=(Kind.GUARD,),
            title="PostgreSQL starts anew within a minute",
            series=(Series(_LAG, _WEB, "0x4 NaN NaN 0x10"),),
            probes=tuple(Probe(second, _UNAVAILABLE.name) for second in (150, 180, 210, 240)),
        ),
        Case(
            subject=naming.LOOP_BLOCKED,
            kinds=(Kind.GUARD,),
            title="a process that starts has run for less than the window",
            series=(_timers(_WEB, Run(20, _HEALTHY)),),
            probes=tuple(Probe(second, naming.LOOP_BLOCKED) for second in (60, 120, 330, 600)),
        ),
    )
