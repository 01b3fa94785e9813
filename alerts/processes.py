"""The alerts on a process itself: memory that only grows, and a clock that is not everybody's."""

from typing import Final

from alerts import cause, naming, promql
from alerts.cause import PROCESS, WHO, Cause
from alerts.clock import Clock
from alerts.links import RUNTIME_BOARD, Links
from alerts.rules import Group
from alerts.targets import SERVICE_JOBS
from telemetry.catalog.runtime import CLOCK, RESIDENT_MEMORY

_LEAKED_BYTES: Final = 128 * 2**20
"""More than any cache of the service may hold: `docs/decisions/bounds.md` has their sum."""

_SKEW_SECONDS: Final = 5
"""Traces, log lines and leases of two processes stand in the wrong order from here on."""


def group(clock: Clock, links: Links) -> Group:
    """Return the alerts on processes."""
    return cause.group("processes", (_memory_growing(clock), _clock_skewed()), clock, links)


def _memory_growing(clock: Clock) -> Cause:
    window = clock.window("6h")
    memory = promql.level(RESIDENT_MEMORY, SERVICE_JOBS)
    least = promql.level_over_time("min", RESIDENT_MEMORY, window, SERVICE_JOBS)
    grown = f"{memory}\n- on ({PROCESS})\n{least}"
    return Cause(
        name=naming.MEMORY_GROWING,
        summary="A process holds far more memory than it did.",
        description=(
            f"{WHO} holds {{{{ $value | humanize1024 }}}}B more than at its least in the last "
            f"{window}. What it keeps for good is freed by a restart only; if memory runs out, the "
            "kernel kills it without a warning."
        ),
        expression=f"{grown}\n> {_LEAKED_BYTES}",
        shown=memory,
        hold="10m",
        board=RUNTIME_BOARD,
    )


def _clock_skewed() -> Cause:
    told = promql.level(CLOCK, SERVICE_JOBS)
    ahead = f"{told} - timestamp({told})"
    return Cause(
        name=naming.CLOCK_SKEWED,
        summary="A process's clock is not everybody else's.",
        description=(
            f'The clock of {WHO} is {{{{ $value | printf "%.1f" }}}} s off that of Prometheus. '
            "Its spans and log lines stand where they do not belong."
        ),
        expression=f"abs({ahead}) > {_SKEW_SECONDS}",
        shown=ahead,
        hold="2m",
        board=RUNTIME_BOARD,
    )
