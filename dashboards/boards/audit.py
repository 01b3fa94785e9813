"""The audit trail: that what was put on record is chained, and in time."""

from typing import Final

from app.signals import (
    AUDIT_FAILURE,
    AUDIT_FAILURES,
    AUDIT_LAG,
    AUDIT_SEALED,
    AUDIT_SEALING_TIME,
)
from dashboards.model import Board, Row
from dashboards.panels import heatmap, timeseries
from dashboards.queries import buckets, gauge, quantile, rate

_NOTHING: Final = "Nothing was put on record in this range"

_NOW: Final = (
    timeseries(
        "Age of the oldest unsealed entry",
        # Each process sees the whole table.
        gauge(AUDIT_LAG, "max"),
        answers="Is everything on record chained, but for the last moment?",
        if_wrong="Growing: no worker runs, or an old transaction holds the sealer back.",
    ),
    timeseries(
        "Entries sealed",
        rate(AUDIT_SEALED),
        answers="How much is put on record?",
        if_wrong="None under changes: see the age beside it, and the failures.",
        when_empty="No worker in this range",
    ),
    timeseries(
        "Failures to seal",
        rate(AUDIT_FAILURES, by=(AUDIT_FAILURE,)),
        answers="Does the sealer fail, and over what?",
        if_wrong="restored: the database came from another server; the runbook has what to do.",
        when_empty="No worker in this range",
    ),
)

_TIME: Final = (
    timeseries(
        "From record to seal",
        quantile(AUDIT_SEALING_TIME, 0.5),
        quantile(AUDIT_SEALING_TIME, 0.99),
        answers="How long could an entry be changed without a trace?",
        if_wrong="Seconds: long transactions (imports?) hold back what comes after them.",
        width=12,
        when_empty=_NOTHING,
    ),
    heatmap(
        "From record to seal, all of it",
        buckets(AUDIT_SEALING_TIME),
        answers="Is it slow for all entries, or for those behind one transaction?",
        if_wrong="A band far above the rest is one transaction that stayed open.",
        width=12,
        height=8,
        when_empty=_NOTHING,
    ),
)

AUDIT: Final = Board(
    slug="audit",
    title="Audit trail",
    description="From an entry on record to its link in the chain.",
    rows=(Row("Now", _NOW), Row("Time", _TIME)),
)
