"""The alerts on what each process stands on: the database, its pool, and its own event loop."""

from typing import Final

from alerts import cause, naming, promql
from alerts.cause import PROCESS, WHO, Cause
from alerts.clock import RESTART_SECONDS, Clock
from alerts.links import DATABASE_BOARD, RUNTIME_BOARD, Links
from alerts.naming import Severity
from alerts.rules import Group
from alerts.targets import SERVICE_JOBS
from app.signals import AUDIT_LAG
from telemetry.catalog import database
from telemetry.catalog.runtime import EVENT_LOOP_LAG

_POSTGRESQL: Final = promql.where(database.POOL, "=", "postgresql")
_USED: Final = promql.where(database.STATE, "=", "used")
_NEARLY_ALL: Final = "0.9"
_TIMER_SECONDS: Final = "0.1"
"""How long the timer sleeps that measures the lag: the loop is well when it does little else."""

_SLOW_SHARE: Final = "0.25"
_HUNG_SHARE: Final = "0.9"


def group(clock: Clock, links: Links) -> Group:
    """Return the alerts on database, pool and event loop."""
    return cause.group(
        "dependencies",
        (_unavailable(), _saturated(clock), *_blocked(clock)),
        clock,
        links,
    )


def _unavailable() -> Cause:
    lag = f"max by ({PROCESS}) ({promql.level(AUDIT_LAG, SERVICE_JOBS)})"
    return Cause(
        name=naming.DATABASE_UNAVAILABLE,
        summary="The database does not answer.",
        description=(
            f"{WHO} asks PostgreSQL every few seconds and gets no answer. Until it is back, "
            "requests that need it are answered with 503, and what workers have in hand waits."
        ),
        # Each process asks for the lag; it is not a number, and so unlike itself, while it cannot.
        expression=f"{lag}\n!=\n{lag}",
        shown=lag,
        hold="1m",
        floor=RESTART_SECONDS,
        severity=Severity.CRITICAL,
        board=DATABASE_BOARD,
    )


def _saturated(clock: Clock) -> Cause:
    window = clock.window("5m")
    in_use = promql.level_over_time(
        "avg", database.CONNECTION_COUNT, window, SERVICE_JOBS, _POSTGRESQL, _USED
    )
    most = promql.level(database.CONNECTION_MAX, SERVICE_JOBS, _POSTGRESQL)
    share = f"sum by ({PROCESS}) ({in_use})\n/\nsum by ({PROCESS}) ({most})"
    return Cause(
        name=naming.POOL_SATURATED,
        summary="Nearly all connections to the database are in use, all the time.",
        description=(
            f"{WHO} had {{{{ $value | humanizePercentage }}}} of its connections to PostgreSQL "
            f"in use over the last {window}. At the end of the pool requests wait, then get 503."
        ),
        expression=f"{share}\n>= {_NEARLY_ALL}",
        shown=share,
        hold="5m",
        board=DATABASE_BOARD,
    )


def _blocked(clock: Clock) -> tuple[Cause, Cause]:
    window = clock.window("2m")
    timers = promql.rate(EVENT_LOOP_LAG, window, SERVICE_JOBS)
    late = f"1 - {_TIMER_SECONDS} * sum by ({PROCESS}) ({timers})"

    def one(case: str, threshold: str, severity: Severity) -> Cause:
        return Cause(
            name=naming.LOOP_BLOCKED,
            case=case,
            summary="Something holds the event loop: all requests of a process wait for it.",
            description=(
                f"In {{{{ $value | humanizePercentage }}}} of the last {window} the event loop of "
                f"{WHO} could not get to what was due. All that the process serves waits so long."
            ),
            expression=f"{late} > {threshold}",
            shown=late,
            hold="5m",
            floor=RESTART_SECONDS,
            severity=severity,
            board=RUNTIME_BOARD,
        )

    return one("hung", _HUNG_SHARE, Severity.CRITICAL), one("slow", _SLOW_SHARE, Severity.WARNING)
