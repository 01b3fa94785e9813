"""Panels about what a check waits for: the connection pool, PostgreSQL and Redis."""

from dataclasses import replace
from typing import Final

from dashboards.model import Quiet, Shown
from dashboards.panels import table, timeseries
from dashboards.queries import INSTANCE, gauge, measured, occurrences, quantile, rate, share
from telemetry.catalog import Matcher
from telemetry.catalog.database import (
    CONNECTION_COUNT,
    CONNECTION_IDLE_MIN,
    CONNECTION_MAX,
    CREATE_TIME,
    ERROR_TYPE,
    OPERATION,
    OPERATION_DURATION,
    PENDING_REQUESTS,
    POOL,
    STATE,
    SUMMARY,
    SYSTEM,
    TIMEOUTS,
    USE_TIME,
    WAIT_TIME,
)

_FAILED: Final = (Matcher(ERROR_TYPE, "!=", ""),)
_IN_USE: Final = (Matcher(STATE, "=", "used"),)
_REDIS: Final = Matcher(SYSTEM, "=", "redis")
_NO_OPERATION: Final = "No operation in this range"

_OPERATION: Final = (SYSTEM, OPERATION, SUMMARY)
"""There are some seventy of them, too many for lines."""
_BY_OPERATION: Final = occurrences(OPERATION_DURATION, by=_OPERATION)

POOL_IN_USE: Final = share(
    gauge(CONNECTION_COUNT, "sum", by=(POOL, INSTANCE), where=_IN_USE),
    gauge(CONNECTION_MAX, "sum", by=(POOL, INSTANCE)),
)
"""By process: a pool that is full does not show in the sum with others that idle."""

POOL_PANELS: Final = (
    timeseries(
        "Connections",
        gauge(CONNECTION_COUNT, "sum", by=(POOL, STATE)),
        gauge(CONNECTION_MAX, "sum", by=(POOL,)).named("most"),
        gauge(CONNECTION_IDLE_MIN, "sum", by=(POOL,)).named("least"),
        answers="How many connections are open, used and idle, and how many may and must be?",
        if_wrong="Used at the most for long: queries are slow or held open; see the time in use.",
    ),
    timeseries(
        "Share of the pool in use",
        POOL_IN_USE,
        answers="How near is the pool of each process to its end?",
        if_wrong="Near 100 % callers wait: shorten the use, or raise SIGHTLINE_DATABASE_POOL_MAX.",
        maximum=1,
    ),
    timeseries(
        "Callers that wait",
        gauge(PENDING_REQUESTS, "sum", by=(POOL,)),
        answers="How many callers wait for a connection now?",
        if_wrong="More than a moment: the pool is too small for the time each use takes.",
    ),
    timeseries(
        "Wait for a connection",
        quantile(WAIT_TIME, 0.5, by=(POOL,)),
        quantile(WAIT_TIME, 0.99, by=(POOL,)),
        answers="How long does a caller wait for a connection?",
        if_wrong="Exemplars lead to requests that waited; the span pool.acquire has the time.",
        width=6,
        when_empty="No connection was taken in this range",
    ),
    timeseries(
        "Time in use",
        quantile(USE_TIME, 0.5, by=(POOL,)),
        quantile(USE_TIME, 0.99, by=(POOL,)),
        answers="How long is a connection kept before it comes back?",
        if_wrong="Longer than its queries take: something else is done while it is held.",
        width=6,
        when_empty="No connection was taken in this range",
    ),
    timeseries(
        "Opening a connection",
        quantile(CREATE_TIME, 0.5, by=(POOL,)),
        quantile(CREATE_TIME, 0.99, by=(POOL,)),
        answers="How long does it take to open a connection?",
        if_wrong="Slow: name resolution, TLS or a server that is busy with log-ins.",
        width=6,
        when_empty="No connection was opened in this range",
        quiet=Quiet("Connections are opened at the start and kept.", Shown.LATER),
    ),
    timeseries(
        "Waits that gave up",
        rate(TIMEOUTS, by=(POOL,)),
        answers="How many waits a second end without a connection?",
        if_wrong="postgresql: a request answered with 503; redis: one that the database answered.",
        width=6,
        when_empty="No wait gave up in this range",
    ),
)

DATABASE_CLIENTS: Final = (
    timeseries(
        "Operations by system",
        occurrences(OPERATION_DURATION, by=(SYSTEM,)),
        answers="How much is asked of PostgreSQL and of Redis?",
        if_wrong="Far more operations than requests: a loop, or caches that do not hold.",
        width=12,
        when_empty=_NO_OPERATION,
    ),
    timeseries(
        "Slowest 1 % of operations by system",
        quantile(OPERATION_DURATION, 0.99, by=(SYSTEM,)),
        answers="Which of the two is slow? The table below has it by operation.",
        if_wrong="Open an exemplar: the span holds the query's text, without its values.",
        width=12,
        when_empty=_NO_OPERATION,
    ),
    table(
        "Operations",
        _BY_OPERATION.named("operations"),
        measured(quantile(OPERATION_DURATION, 0.5, by=_OPERATION)),
        measured(quantile(OPERATION_DURATION, 0.99, by=_OPERATION)),
        answers="What is asked, how often, and how long does it take, latest values side by side?",
        if_wrong="Sort by the column in question; the panels above show since when.",
        height=12,
        when_empty=_NO_OPERATION,
    ),
    timeseries(
        "Failed operations by kind",
        occurrences(OPERATION_DURATION, by=(SYSTEM, ERROR_TYPE), where=_FAILED),
        answers="Which operations fail, and how?",
        if_wrong="Connection errors: is the server up? Others: the trace of the request.",
        width=12,
        when_empty="No operation failed in this range",
        quiet=Quiet("No operation fails while all is well.", Shown.LATER),
    ),
    timeseries(
        "Redis: failed share",
        share(
            occurrences(OPERATION_DURATION, where=(_REDIS, *_FAILED)),
            occurrences(OPERATION_DURATION, where=(_REDIS,)),
        ).named("failed"),
        answers="What share of the operations on Redis fails?",
        if_wrong="Checks go on from the database, slower; bring Redis back before it is busy.",
        width=12,
        maximum=1,
        when_empty=_NO_OPERATION,
    ),
)

_WAITED_FOR: Final = ("Share of the pool in use", "Wait for a connection", "Redis: failed share")

WAITS: Final = tuple(
    replace(panel, width=8, leads_to="database")
    for panel in (*POOL_PANELS, *DATABASE_CLIENTS)
    if panel.title in _WAITED_FOR
)
"""For a board of what waits for them: the first to look at, each a click from all the others."""
