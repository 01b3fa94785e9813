"""The page of the bounds says what holds: figures, counters, panels and alerts."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from alerts import build, naming
from alerts.rules import alerts_of
from dashboards.boards.telemetry_health import TELEMETRY_HEALTH
from telemetry import (
    context,
    database_calls,
    edge,
    exposition,
    log_line,
    logging,
    propagation,
    redaction,
    spans,
    sql,
    tracestate,
)
from telemetry.catalog import METRICS
from telemetry.catalog.declarations import Metric
from telemetry.export import SpanExport
from telemetry.log_writer import LogWriter

PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "bounds.md"
RULES = {rule.name: rule.expression for rule in alerts_of(build.groups(build.Options()))}
NOBODY = "nobody"
OF_NO_BOUND = {naming.THREAD_FAILING, naming.EXEMPLARS_LOST}
"""They tell that something broke, not that something was cut."""


class Row(NamedTuple):
    bound: str
    figure: str
    counter: str
    panel: str
    alert: str


def rows() -> list[Row]:
    lines = re.findall(r"^\| (.+) \|$", PAGE.read_text(), flags=re.MULTILINE)
    return [Row(*line.split(" | ")) for line in lines[1:]]


def default(function: Callable[..., object], parameter: str) -> int:
    return int(inspect.signature(function).parameters[parameter].default)


def in_code() -> dict[str, float]:
    """Each figure where it holds."""
    (correlation,) = re.findall(rb"\{1,(\d+)\}", context._ACCEPTED.pattern)
    return {
        "spans that wait": default(SpanExport, "capacity"),
        "spans that wait, bytes": default(SpanExport, "capacity_bytes"),
        "attributes of a span": spans.MAX_ATTRIBUTES,
        "characters of an attribute": spans.MAX_LENGTH,
        "items of an attribute": spans.MAX_ITEMS,
        "links of a span": spans.MAX_LINKS,
        "attributes that are not declared": 0,
        "log lines that wait": default(LogWriter, "capacity"),
        "log lines that wait, bytes": default(LogWriter, "capacity_bytes"),
        "bytes of a log line": log_line.MAX_LINE_BYTES,
        "label combinations of a metric": default(Metric, "max_series"),
        "kinds of calls of one data store": database_calls.MAX_KINDS,
        "bytes of a traceparent": propagation._MAX_TRACEPARENT_BYTES,
        "bytes of a tracestate": tracestate._MAX_READ_BYTES,
        "members of a tracestate": tracestate._MAX_MEMBERS,
        "characters of a tracestate that go on": tracestate._MAX_KEPT_CHARACTERS,
        "characters of a correlation ID": int(correlation),
        "bytes of a user agent": edge._MAX_ATTRIBUTE,
        "bytes of a host": edge._MAX_HOST,
        "characters of a client's address": edge._MAX_ADDRESS,
        "bytes of a query": redaction.MAX_QUERY,
        "baggage": 0,
        "connections of scrapers": exposition.MAX_CONNECTIONS,
        "seconds that a scrape waits for the one before": exposition.RENDER_SECONDS,
        "seconds that a scraper may take to read": exposition.READ_SECONDS,
    }


def test_the_figures_are_those_of_the_code() -> None:
    assert {row.bound: float(row.figure) for row in rows()} == in_code()


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (sql.MAX_TEXT, "characters of an SQL statement"),
        (redaction._MAX_STACKTRACE, "of an exception's stack"),
        (logging._MAX_TEMPLATE, "of a library's log template"),
        (redaction._MAX_CLIENT, "of what a client says of itself"),
    ],
)
def test_what_is_cut_without_a_count_is_named(figure: int, words: str) -> None:
    assert f"{figure:,} {words}" in " ".join(PAGE.read_text().split())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.bound)
def test_a_bound_has_a_counter_a_panel_and_an_alert(row: Row) -> None:
    (metric,) = (one for one in METRICS if f"`{one.name}`" == row.counter)
    (panel,) = (one for one in TELEMETRY_HEALTH.panels if one.title == row.panel)
    assert metric.kind == "counter"
    assert metric in {one for query in panel.queries for one in query.metrics}
    if row.alert == NOBODY:
        assert row.bound == "baggage"
    else:
        assert metric.prometheus_name in RULES[row.alert]


def test_every_alert_on_telemetry_guards_a_bound_or_says_otherwise() -> None:
    ours = {name for name in RULES if name.startswith("Telemetry")}
    assert ours - OF_NO_BOUND == {row.alert for row in rows()} - {NOBODY}
