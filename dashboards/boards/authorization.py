"""Permission checks: what is decided, by which layer, how fast, and what stands behind it."""

from typing import Final

from app.signals import (
    BREAKER_STATE,
    CACHE_BREAKER,
    CACHE_ENTRIES,
    CACHE_FILL,
    CACHE_FILLS,
    CACHE_LOAD_DURATION,
    CACHE_LOOKUPS,
    CACHE_RESULT,
    CHANGE,
    CHECK_BATCH_SIZE,
    CHECK_DURATION,
    DECISION,
    DECISION_SOURCE,
    EPOCH_AGE,
    EPOCH_MOVES,
    EPOCH_NEWS,
    GRANT_CHANGES,
    GRAPH_LIMIT,
    GRAPH_LIMITS_EXCEEDED,
    LAYER,
    RELATION,
    RELATION_CHANGES,
)
from dashboards.boards.dependencies import WAITS
from dashboards.boards.tracing import DECISIONS
from dashboards.model import Board, Row
from dashboards.panels import bad_from, heatmap, timeseries
from dashboards.queries import INSTANCE, buckets, gauge, occurrences, quantile, rate, share
from telemetry.catalog import Matcher

_EPOCH_LIMIT: Final = 2.0
"""Seconds after which an unconfirmed epoch takes the caches out; see `EPOCH_AGE`."""

_NO_CHECK: Final = "No permission check in this range"
_HIT: Final = (Matcher(CACHE_RESULT, "=", "hit"),)
_ANSWERED: Final = (Matcher(CACHE_RESULT, "=~", "hit|miss|coalesced|stale_refused"),)

_CHECKS: Final = (
    timeseries(
        "Checks by decision",
        occurrences(CHECK_DURATION, by=(DECISION,)),
        answers="How many checks a second are allowed, how many denied?",
        if_wrong="Suddenly more denials: were grants revoked (below), is a client set up wrongly?",
        stacked=True,
        when_empty=_NO_CHECK,
    ),
    timeseries(
        "Checks by source",
        occurrences(CHECK_DURATION, by=(DECISION_SOURCE,)),
        answers="Which layer answers: the process's own cache, Redis or the database?",
        if_wrong="All from the database: is the epoch confirmed, is Redis up (both below)?",
        stacked=True,
        when_empty=_NO_CHECK,
    ),
    timeseries(
        "Hit ratio by layer",
        share(
            rate(CACHE_LOOKUPS, by=(LAYER,), where=_HIT),
            rate(CACHE_LOOKUPS, by=(LAYER,), where=_ANSWERED),
        ),
        answers="Of the look-ups that a layer answered, what share was a hit?",
        if_wrong="Low after a start or a change of grants is right; low for long is not.",
        maximum=1,
        when_empty=_NO_CHECK,
    ),
    timeseries(
        "Duration of checks",
        quantile(CHECK_DURATION, 0.5),
        quantile(CHECK_DURATION, 0.95),
        quantile(CHECK_DURATION, 0.99),
        answers="How long does a decision take, without HTTP around it?",
        if_wrong="Open an exemplar high up: its trace shows which layer took the time.",
        when_empty=_NO_CHECK,
    ),
    timeseries(
        "Slowest 1 % by source",
        quantile(CHECK_DURATION, 0.99, by=(DECISION_SOURCE,)),
        answers="How long does each layer take at its worst?",
        if_wrong="l2 slow is Redis or the way to it; database slow is the pool or the query.",
        when_empty=_NO_CHECK,
    ),
    heatmap(
        "Duration of checks, all of it",
        buckets(CHECK_DURATION),
        answers="Do the layers make bands, and is most of the traffic in the fast one?",
        if_wrong="A band that drifts upwards is the layer to look at; open one of its exemplars.",
        width=8,
        height=8,
        when_empty=_NO_CHECK,
    ),
)

_CACHES: Final = (
    timeseries(
        "Look-ups by layer and result",
        rate(CACHE_LOOKUPS, by=(LAYER, CACHE_RESULT)),
        answers="What comes of look-ups: hit, miss, joined to a load, stale, bypass or error?",
        if_wrong="bypass: see the epoch's age. error: see the breaker and the database clients.",
        width=6,
        when_empty=_NO_CHECK,
    ),
    timeseries(
        "Age of the epoch",
        gauge(EPOCH_AGE, "max", by=(INSTANCE,)),
        answers="When did each process last confirm that its caches are current?",
        if_wrong="Over the line the caches are bypassed: safe but slow. Can it reach PostgreSQL?",
        width=6,
        steps=bad_from(_EPOCH_LIMIT),
    ),
    timeseries(
        "Decisions held in the process",
        gauge(CACHE_ENTRIES, "max", by=(INSTANCE,)),
        answers="How many decisions does each process keep?",
        if_wrong="Never above zero: the cache is not being filled. Sudden drops: a new epoch.",
        width=6,
    ),
    timeseries(
        "Changes of grants",
        rate(GRANT_CHANGES, by=(CHANGE,)),
        answers="How often are grants added and revoked? Each change makes a new epoch.",
        if_wrong="Constant change keeps the caches cold; who writes so often?",
        width=6,
        when_empty="No grant changed in this range",
    ),
    timeseries(
        "Slowest 1 % of loads by layer",
        quantile(CACHE_LOAD_DURATION, 0.99, by=(LAYER,)),
        answers="How long does each layer wait for the ones below it, once for all who ask?",
        if_wrong="l2 is the database's time; l1 less l2 is the time that Redis takes.",
        width=6,
        when_empty="Nothing was loaded in this range",
    ),
    timeseries(
        "What becomes of loaded decisions",
        rate(CACHE_FILLS, by=(LAYER, CACHE_FILL)),
        answers="Are they stored, or refused as the epoch moved on while they were loaded?",
        if_wrong="stale_refused all the time: grants change faster than a load takes.",
        width=6,
        when_empty="Nothing was loaded in this range",
    ),
    timeseries(
        "Circuit breaker round Redis",
        gauge(CACHE_BREAKER, "sum", by=(BREAKER_STATE,)),
        answers="In how many processes is it closed, half-open, open?",
        if_wrong="open: Redis does not answer in time and is left alone; the database answers.",
        width=6,
    ),
    timeseries(
        "How new epochs became known",
        rate(EPOCH_MOVES, by=(EPOCH_NEWS,)),
        answers="Do the processes hear of changes by their own write, by a push or by the poll?",
        if_wrong="polled alone: nothing is pushed, and a change is seen up to a second later.",
        width=6,
        when_empty="No grant changed in this range",
    ),
)

_GRAPH: Final = (
    timeseries(
        "Changes of relations",
        rate(RELATION_CHANGES, by=(RELATION,)),
        answers="How often do memberships, parents of resources and implied actions change?",
        if_wrong="Each change makes a new epoch: constant change keeps the caches cold.",
        when_empty="No relation changed in this range",
    ),
    timeseries(
        "Checks past the graph's limits",
        rate(GRAPH_LIMITS_EXCEEDED, by=(GRAPH_LIMIT,)),
        answers="How many checks a second were answered by a problem, for want of an end?",
        if_wrong="depth: groups or resources nested too far. fan_out: a user in too many groups.",
        when_empty=_NO_CHECK,
    ),
    timeseries(
        "Checks in a batch",
        quantile(CHECK_BATCH_SIZE, 0.5),
        quantile(CHECK_BATCH_SIZE, 0.95),
        answers="How many checks does a batch ask for?",
        if_wrong="Always 1: the caller could use the single check, which the caches answer.",
        when_empty="No batch in this range",
    ),
)

AUTHORIZATION: Final = Board(
    slug="authorization",
    title="Authorization and caches",
    description="Permission checks through the caches to the database, and what these wait for.",
    rows=(
        Row("Checks", _CHECKS),
        Row("Caches", _CACHES),
        Row("Graph", _GRAPH),
        Row("Traces", DECISIONS),
        Row("What a check waits for", WAITS),
    ),
)
