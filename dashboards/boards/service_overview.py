"""The first board to open: whether the service answers, fast and rightly, and whether we see it."""

from typing import Final

from app.objectives import OBJECTIVES
from dashboards.attainment import attained
from dashboards.boards.telemetry_health import SIGNAL_HEALTH
from dashboards.boards.tracing import REQUESTS
from dashboards.model import GRID_WIDTH, Board, Panel, Quiet, Row, Shown
from dashboards.panels import bad_from, good_from, heatmap, stat, table, timeseries
from dashboards.queries import buckets, gauge, measured, occurrences, quantile, share
from telemetry.catalog import Freshness, Matcher, Objective
from telemetry.catalog.http import (
    ACTIVE_REQUESTS,
    ERROR_TYPE,
    METHOD,
    REQUEST_DURATION,
    ROUTE,
    STATUS_CODE,
)

_SERVER_ERROR: Final = (Matcher(STATUS_CODE, "=~", "5.."),)
_REQUESTS: Final = occurrences(REQUEST_DURATION, counting="{request}")
_FAILED: Final = occurrences(REQUEST_DURATION, counting="{request}", where=_SERVER_ERROR)
_BY_ROUTE: Final = occurrences(REQUEST_DURATION, counting="{request}", by=(ROUTE,))
_FAILED_BY_ROUTE: Final = occurrences(
    REQUEST_DURATION, counting="{request}", by=(ROUTE,), where=_SERVER_ERROR
)
_NO_REQUEST: Final = "No request in this range"
_NOTHING_DUE: Final = "Nothing was due in this range"


def _objective(objective: Objective) -> Panel:
    return timeseries(
        f"{objective.title}: good share",
        attained(objective),
        answers=f"{objective.promise} What share is good at each moment; the line is the target.",
        if_wrong=(
            "Under the line, the error budget is being spent faster than it lasts: "
            f"{_where_next(objective)}."
        ),
        width=12,
        height=7,
        minimum=None,
        maximum=1,
        steps=good_from(objective.target),
        when_empty=_nothing(objective),
    )


def _where_next(objective: Objective) -> str:
    if isinstance(objective.indicator, Freshness):
        return "the boards Reports and Audit trail show what waits, and since when"
    return "see which route below, then take an exemplar of it to its trace"


def _nothing(objective: Objective) -> str:
    return _NOTHING_DUE if isinstance(objective.indicator, Freshness) else _NO_REQUEST


def _objective_now(objective: Objective) -> Panel:
    return stat(
        objective.title,
        attained(objective),
        answers=f"{objective.promise} How much of the latest traffic was good.",
        if_wrong="Red is under the target: the row of the objectives shows since when.",
        steps=good_from(objective.target),
        width=GRID_WIDTH // len(OBJECTIVES),
        when_empty=_nothing(objective),
        leads_to="slos",
    )


_NOW: Final = (
    stat(
        "Requests",
        _REQUESTS,
        answers="How many requests a second are answered?",
        if_wrong="None at all: is the process up (board Runtime), is anything before it down?",
        width=6,
    ),
    stat(
        "Server errors",
        share(_FAILED, _REQUESTS).named("errors"),
        answers="What share of the requests ends in a status of 500 or more?",
        if_wrong="The panel of server errors names the routes and the kinds of error.",
        steps=bad_from(0.01, watch=0.001),
        when_empty=_NO_REQUEST,
        width=6,
    ),
    stat(
        "Slowest 1 %",
        quantile(REQUEST_DURATION, 0.99),
        answers="Which time do 99 % of the requests stay under?",
        if_wrong="See below which route it is, and whether the database or the event loop waits.",
        when_empty=_NO_REQUEST,
        width=6,
    ),
    stat(
        "In progress",
        gauge(ACTIVE_REQUESTS, "sum"),
        answers="How many requests are being served at this moment?",
        if_wrong="Growing without more traffic means waiting: pool, Redis or event loop.",
        width=6,
    ),
)

_TRAFFIC: Final = (
    timeseries(
        "Requests by route",
        _BY_ROUTE,
        answers="Who is asking for what? Paths that are no route of the service stand together.",
        if_wrong="Many unmatched paths are a scanner or a wrong client, not a fault of a route.",
        stacked=True,
        when_empty=_NO_REQUEST,
    ),
    timeseries(
        "Responses by status",
        occurrences(REQUEST_DURATION, counting="{request}", by=(STATUS_CODE,)),
        answers="How do the requests end? No response means that the client had gone.",
        if_wrong="401 is a wrong key, 422 a wrong body, 503 a dependency that is away.",
        stacked=True,
        when_empty=_NO_REQUEST,
    ),
    timeseries(
        "Server errors by route and kind",
        occurrences(
            REQUEST_DURATION, counting="{request}", by=(ROUTE, ERROR_TYPE), where=_SERVER_ERROR
        ),
        answers="Which routes fail, and with which kind of error?",
        if_wrong=(
            "The kind is the exception's class, or the status. The log line of the request has "
            "the stack, found by the trace ID of an exemplar."
        ),
        when_empty="No server error in this range",
        quiet=Quiet(
            "Nothing fails while all dependencies are there.",
            Shown.LATER,
        ),
    ),
)

_DURATION: Final = (
    timeseries(
        "Duration",
        quantile(REQUEST_DURATION, 0.5),
        quantile(REQUEST_DURATION, 0.95),
        quantile(REQUEST_DURATION, 0.99),
        answers="How long do requests take, from the first byte to the last?",
        if_wrong="Open an exemplar high up: its trace shows the layer that took the time.",
        when_empty=_NO_REQUEST,
    ),
    timeseries(
        "Slowest 1 % by route",
        quantile(REQUEST_DURATION, 0.99, by=(ROUTE,)),
        answers="Which routes are slow?",
        if_wrong="All at once: event loop or pool. One alone: its own queries, in its trace.",
        when_empty=_NO_REQUEST,
    ),
    timeseries(
        "In progress by method",
        gauge(ACTIVE_REQUESTS, "sum", by=(METHOD,)),
        answers="How many requests are being served at once?",
        if_wrong="Compare with the pool's waiting callers on the board Database and pool.",
    ),
    heatmap(
        "Duration, all of it",
        buckets(REQUEST_DURATION),
        answers="Is it slow for everyone, or do a few requests make a band of their own?",
        if_wrong="Open an exemplar in the band: two bands are two code paths, hit and miss.",
        when_empty=_NO_REQUEST,
    ),
    table(
        "Routes",
        _BY_ROUTE.named("requests"),
        share(_FAILED_BY_ROUTE, _BY_ROUTE).named("errors"),
        measured(quantile(REQUEST_DURATION, 0.5, by=(ROUTE,))),
        measured(quantile(REQUEST_DURATION, 0.99, by=(ROUTE,))),
        answers="How does each route do, latest values side by side?",
        if_wrong="Sort by the column in question; the panels above show since when.",
        width=12,
        height=9,
        when_empty=_NO_REQUEST,
    ),
)

SERVICE_OVERVIEW: Final = Board(
    slug="service-overview",
    title="Service overview",
    description="Rate, errors and duration of the HTTP service, against its objectives.",
    rows=(
        Row("Now", _NOW),
        Row("Objectives now", tuple(map(_objective_now, OBJECTIVES))),
        Row("Objectives", tuple(map(_objective, OBJECTIVES))),
        Row("Traffic and errors", _TRAFFIC),
        Row("Duration", _DURATION),
        Row("Traces", REQUESTS),
        Row("Can these signals be trusted?", SIGNAL_HEALTH),
    ),
)
