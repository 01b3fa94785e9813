"""Batches: files on their way into the tables, and users processed in batches."""

from typing import Final

from app.signals import (
    BATCH_DURATION,
    BATCH_USERS,
    IMPORT_BATCH_DURATION,
    IMPORT_BATCH_OUTCOME,
    IMPORT_CHECKPOINT_AGE,
    IMPORT_KIND,
    IMPORT_OUTCOME,
    IMPORT_ROWS_READ,
    IMPORTS_FINISHED,
    ROW_OUTCOME,
    USER_BATCH_CHECKPOINT_AGE,
    USER_OUTCOME,
)
from dashboards.model import Board, Row
from dashboards.panels import heatmap, timeseries
from dashboards.queries import buckets, gauge, occurrences, quantile, rate

_NO_IMPORT: Final = "No import in this range"
_NO_BATCH: Final = "No batch of users in this range"

_ROWS: Final = (
    timeseries(
        "Rows by outcome",
        rate(IMPORT_ROWS_READ, by=(ROW_OUTCOME,)),
        answers="How many rows a second are committed, and what becomes of them?",
        if_wrong="rejected: GET /imports/{id}/rejects has the line, the column and the reason.",
        when_empty=_NO_IMPORT,
    ),
    timeseries(
        "Rows by kind",
        rate(IMPORT_ROWS_READ, by=(IMPORT_KIND,)),
        answers="What is being imported?",
        if_wrong="Unchanged rows count too: a file that came before under another name is seen.",
        when_empty=_NO_IMPORT,
    ),
    timeseries(
        "Age of the checkpoint",
        gauge(IMPORT_CHECKPOINT_AGE, "max"),
        answers="How long has the import in hand not committed anything?",
        if_wrong="Growing: the database is away or slow; nothing is lost, it goes on by itself.",
    ),
)

_PORTIONS: Final = (
    timeseries(
        "Portions by outcome",
        occurrences(IMPORT_BATCH_DURATION, by=(IMPORT_BATCH_OUTCOME,)),
        answers="How many portions a second are committed, turned away or fenced off?",
        if_wrong="failed: the pool or the database; fenced: a process stood still past its lease.",
        when_empty=_NO_IMPORT,
    ),
    heatmap(
        "Time of a portion",
        buckets(IMPORT_BATCH_DURATION),
        answers="How long does a portion take, the wait for a connection included?",
        if_wrong="Well above 0.1 s: portions are at their smallest already; look at PostgreSQL.",
        width=8,
        height=8,
        when_empty=_NO_IMPORT,
    ),
    timeseries(
        "Imports put down",
        rate(IMPORTS_FINISHED, by=(IMPORT_OUTCOME,)),
        answers="How do the tries of imports end?",
        if_wrong="failed: for good, see the line import.failed; interrupted: another try follows.",
        when_empty=_NO_IMPORT,
    ),
)

_USERS: Final = (
    timeseries(
        "Users processed",
        rate(BATCH_USERS, by=(USER_OUTCOME,)),
        answers="How many users a second are processed in batches, and how many fail?",
        if_wrong="The report that the caller gets names the users and the kinds of error.",
        when_empty=_NO_BATCH,
    ),
    timeseries(
        "Time of a batch",
        quantile(BATCH_DURATION, 0.5),
        quantile(BATCH_DURATION, 0.99),
        answers="How long does a batch of users take?",
        if_wrong="Slow with few failures: what it needs is turning users away, and it waits.",
        when_empty=_NO_BATCH,
    ),
    timeseries(
        "Age of the batch's checkpoint",
        gauge(USER_BATCH_CHECKPOINT_AGE, "max"),
        answers="How long has a batch of users in hand made no progress?",
        if_wrong="Growing: its tries fail, see the lines user_batch.interrupted; none is lost.",
    ),
)

BATCHES: Final = Board(
    slug="batches",
    title="Batches and imports",
    description="Files on their way into the tables, and users processed in batches.",
    rows=(Row("Rows", _ROWS), Row("Portions", _PORTIONS), Row("Users", _USERS)),
)
