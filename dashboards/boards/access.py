"""Who gets in: connections, keys, and what is turned away before any work is done for it."""

from typing import Final

from app.signals import CONNECTIONS, KEYS_AGE, REFUSAL_REASON, REFUSALS
from dashboards.model import Board, Row
from dashboards.panels import bad_from, timeseries
from dashboards.queries import INSTANCE, gauge, rate

_KEYS_TRUSTED: Final = 2.0
"""Seconds after which unconfirmed keys are refused; see `KEYS_AGE`."""

_DOOR: Final = (
    timeseries(
        "Refusals by reason",
        rate(REFUSALS, by=(REFUSAL_REASON,)),
        answers="What is turned away at the door, and why?",
        if_wrong="docs/security.md says what each reason is bounded by, and by which setting.",
        stacked=True,
        when_empty="Nothing was refused in this range",
    ),
    timeseries(
        "Connections of clients",
        gauge(CONNECTIONS, "max", by=(INSTANCE,)),
        answers="How many connections does each replica hold?",
        if_wrong="At SIGHTLINE_HTTP_CONNECTIONS_MAX new ones get a 503: too few replicas?",
    ),
    timeseries(
        "Age of the API keys",
        gauge(KEYS_AGE, "max", by=(INSTANCE,)),
        answers="When did each replica last confirm the keys on record?",
        if_wrong="Over the line keys of the database are refused by 503. Can it reach PostgreSQL?",
        steps=bad_from(_KEYS_TRUSTED),
    ),
)

ACCESS: Final = Board(
    slug="access",
    title="Access",
    description="Connections, API keys and rates: who gets in, and who does not.",
    rows=(Row("The door", _DOOR),),
)
