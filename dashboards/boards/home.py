"""The way in: what is wrong now, one figure of each part, and every other board a click away."""

from typing import Final

from app.objectives import OBJECTIVES
from app.signals import (
    AUDIT_LAG,
    BREAKER_STATE,
    CACHE_BREAKER,
    CHECK_DURATION,
    CONNECTIONS,
    DEAD_LETTERS,
    IMPORT_CHECKPOINT_AGE,
    QUEUE,
    QUEUE_AGE,
)
from dashboards.boards.dependencies import POOL_IN_USE
from dashboards.boards.slos import OVERDRAWN
from dashboards.model import Board, Colour, Row, Step
from dashboards.panels import alert_list, bad_from, board_list, stat
from dashboards.queries import gauge, highest, occurrences, quantile, rate, share
from dashboards.recorded import budget_left
from telemetry.catalog import Matcher
from telemetry.catalog.database import POOL
from telemetry.catalog.http import REQUEST_DURATION, STATUS_CODE
from telemetry.catalog.pipeline import LOG_LINES
from telemetry.catalog.runtime import EVENT_LOOP_LAG

_REQUESTS: Final = occurrences(REQUEST_DURATION, counting="{request}")
_FAILED: Final = occurrences(
    REQUEST_DURATION, counting="{request}", where=(Matcher(STATUS_CODE, "=~", "5.."),)
)
_OPEN: Final = (Matcher(BREAKER_STATE, "=", "open"),)
_LOST: Final = (Matcher(LOG_LINES.labels[0], "!=", ""),)
_NO_REQUEST: Final = "No request in this range"

_WRONG: Final = (
    alert_list(
        "Alerts",
        answers="What is firing, or about to?",
        if_wrong="Open the alert: its runbook says what it means and what to do.",
    ),
    board_list(
        "Boards",
        answers="Where is more? Time range and variables go along.",
        if_wrong="A board that is missing here was not provisioned: see Grafana's log.",
    ),
)

_SERVICE: Final = (
    stat(
        "Requests",
        _REQUESTS,
        answers="Is the service asked, and does it answer?",
        if_wrong="None at all: is the process up, is anything before it down?",
        leads_to="service-overview",
    ),
    stat(
        "Server errors",
        share(_FAILED, _REQUESTS).named("errors"),
        answers="What share of the requests ends in a status of 500 or more?",
        if_wrong="The board of the service names routes and kinds of error.",
        steps=bad_from(0.01, watch=0.001),
        when_empty=_NO_REQUEST,
        leads_to="service-overview",
    ),
    stat(
        "Error budgets left",
        *(budget_left(objective) for objective in OBJECTIVES),
        answers="What is left of each objective's error budget?",
        if_wrong="The board of the objectives says how fast it goes, and how long it lasts.",
        steps=(Step(None, Colour.BAD), Step(0, Colour.WATCH), Step(0.25, Colour.GOOD)),
        readings=OVERDRAWN,
        width=16,
        when_empty="Nothing was asked of it yet",
        leads_to="slos",
    ),
)

_PARTS: Final = (
    stat(
        "Slowest 1 % of checks",
        quantile(CHECK_DURATION, 0.99),
        answers="Which time do 99 % of the permission checks stay under?",
        if_wrong="The board of authorization has it by layer.",
        when_empty="No permission check in this range",
        leads_to="authorization",
    ),
    stat(
        "Open breakers",
        gauge(CACHE_BREAKER, "sum", where=_OPEN),
        answers="Is Redis left alone because it does not answer?",
        if_wrong="Checks go on from the database, slower: see the board of authorization.",
        steps=bad_from(1),
        leads_to="authorization",
    ),
    stat(
        "Pool in use",
        # Of the fullest process: the others' free connections are of no use to its callers.
        highest(POOL_IN_USE, by=(POOL,)),
        answers="How near is each connection pool to its end, where it is nearest?",
        if_wrong="Near 100 % callers wait: see the board of the database.",
        steps=bad_from(0.9, watch=0.7),
        leads_to="database",
    ),
    stat(
        "Oldest message",
        gauge(QUEUE_AGE, "max"),
        answers="How long has the oldest report or mail waited past its time?",
        if_wrong="Growing: is a worker up? See the board of the reports.",
        steps=bad_from(300, watch=60),
        leads_to="reports",
    ),
    stat(
        "Dead letters",
        # Every worker sees the whole queue, so the sum would count it several times.
        gauge(DEAD_LETTERS, "max", by=(QUEUE,)),
        answers="How many messages does nobody try any more?",
        if_wrong="Find out why they failed, then replay them: see the board of the reports.",
        steps=(Step(None, Colour.GOOD), Step(1, Colour.WATCH)),
        leads_to="reports",
    ),
    stat(
        "Oldest import step",
        gauge(IMPORT_CHECKPOINT_AGE, "max"),
        answers="How long has the import in hand not committed anything?",
        if_wrong="Growing: the database is away or slow; see the board of the batches.",
        leads_to="batches",
    ),
    stat(
        "Oldest unsealed entry",
        gauge(AUDIT_LAG, "max"),
        answers="Is everything on record chained, but for the last moment?",
        if_wrong="Growing: no worker runs, or a transaction holds it back; see the audit trail.",
        steps=bad_from(60, watch=10),
        width=6,
        leads_to="audit",
    ),
    stat(
        "Connections",
        gauge(CONNECTIONS, "sum"),
        answers="How many connections of clients are open?",
        if_wrong="The board of access has the bound, and who was turned away.",
        width=6,
        leads_to="access",
    ),
    stat(
        "Event loop lag",
        quantile(EVENT_LOOP_LAG, 0.99),
        answers="How late does the event loop run what is due, at its worst?",
        if_wrong="Something blocks it: the runtime's board says in which process.",
        steps=bad_from(0.1, watch=0.025),
        width=6,
        leads_to="runtime",
    ),
    stat(
        "Log lines lost",
        rate(LOG_LINES, where=_LOST).named("lost"),
        answers="Can what the boards say be believed?",
        if_wrong="What was lost, and where: the board of telemetry's health.",
        steps=bad_from(0.001),
        width=6,
        leads_to="telemetry-health",
    ),
)

HOME: Final = Board(
    slug="home",
    title="Home",
    description="Start here: what is wrong now, and which board has more of it.",
    rows=(Row("Now", _WRONG), Row("The service", _SERVICE), Row("Its parts", _PARTS)),
)
