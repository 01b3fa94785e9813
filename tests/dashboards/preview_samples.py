"""A board with a panel of each kind, and samples whose every figure is known."""

from typing import Final

from app import signals
from dashboards.model import Board, Quiet, Row, Shown
from dashboards.panels import (
    Options,
    alert_list,
    bad_from,
    board_list,
    heatmap,
    stat,
    table,
    timeseries,
    traces,
)
from dashboards.proof.jaeger import Trace
from dashboards.proof.prometheus import Series, Window
from dashboards.proof.samples import Samples
from dashboards.queries import JOB, age, buckets, information, occurrences, quantile, share
from dashboards.traces import WEB, Search
from telemetry.catalog import Matcher
from telemetry.catalog.http import REQUEST_DURATION, ROUTE, STATUS_CODE
from telemetry.catalog.pipeline import BUILD_INFO
from telemetry.catalog.runtime import START_TIME

START: Final = 1_800_000_000.0
SECONDS: Final = 60
WINDOW: Final = Window(START, START + SECONDS)
_TEXT: Final[Options] = {"answers": "Is <this> & that so?", "if_wrong": "Look closer."}
_BY_ROUTE: Final = occurrences(REQUEST_DURATION, counting="{request}", by=(ROUTE,))
_ALL: Final = occurrences(REQUEST_DURATION, counting="{request}")
_FAILED: Final = occurrences(
    REQUEST_DURATION, counting="{request}", where=(Matcher(STATUS_CODE, "=~", "5.."),)
)

BOARD: Final = Board(
    slug="shown",
    title="Shown & told",
    description="A panel of each kind.",
    rows=(
        Row(
            "Now",
            (
                alert_list("Alerts", answers="What fires?", if_wrong="Open it."),
                traces(
                    "Traces",
                    Search(service=WEB, slower_than=0.5),
                    answers="Which were slow?",
                    if_wrong="Look.",
                ),
                traces(
                    "No traces",
                    Search(service=WEB, slower_than=9),
                    answers="Which were slower?",
                    if_wrong="Look.",
                    when_empty="None was",
                ),
                board_list("Boards", answers="Where is more?", if_wrong="Look."),
                stat(
                    "Errors",
                    share(_FAILED, _ALL).named("errors"),
                    steps=bad_from(0.01, watch=0.001),
                    answers=_TEXT["answers"],
                    if_wrong=_TEXT["if_wrong"],
                    leads_to="shown",
                ),
                stat("Requests", _ALL, answers="How many?", if_wrong="Look."),
            ),
        ),
        Row(
            "Over time",
            (
                timeseries("By route", _BY_ROUTE, stacked=True, **_TEXT),
                timeseries(
                    "Duration",
                    quantile(REQUEST_DURATION, 0.5),
                    quantile(REQUEST_DURATION, 0.99),
                    steps=bad_from(0.2),
                    answers="How long?",
                    if_wrong="Look.",
                ),
                heatmap("All of it", buckets(REQUEST_DURATION), **_TEXT),
                table(
                    "Processes",
                    information(BUILD_INFO, by=(JOB, BUILD_INFO.label("service.version"))),
                    age(START_TIME, by=(JOB,)).named("up for"),
                    answers="What runs?",
                    if_wrong="Look.",
                ),
            ),
        ),
        Row(
            "Quiet",
            (
                timeseries("Unknown", occurrences(signals.CHECK_DURATION), **_TEXT),
                timeseries(
                    "Unheard",
                    occurrences(signals.CHECK_DURATION),
                    answers="Was there any?",
                    if_wrong="Look.",
                    when_empty="None at all",
                    quiet=Quiet("Nothing does it.", Shown.SAMPLES),
                ),
            ),
        ),
    ),
)


def _steady(labels: dict[str, str], *values: float) -> Series:
    """A series whose values change in even parts of the window."""
    moments = range(SECONDS + 1)
    return Series(
        labels,
        tuple(
            (START + at, values[min(at * len(values) // SECONDS, len(values) - 1)])
            for at in moments
        ),
    )


def _now(labels: dict[str, str], value: float) -> Series:
    return Series(labels, ((START + SECONDS, value),))


def _alert(name: str, state: str, severity: str, first: int, last: int) -> Series:
    labels = {"alertname": name, "alertstate": state, "severity": severity}
    return Series(labels, tuple((START + at, 1.0) for at in range(first, last + 1)))


_ROUTE: Final = ROUTE.prometheus_name

SAMPLES: Final = Samples(
    WINDOW,
    {
        ("shown", "Errors"): ((_steady({}, 0.0, 0.5, 0.0125),),),
        ("shown", "Requests"): ((_steady({}, 40.0, 66.33),),),
        ("shown", "By route"): (
            (
                _steady({_ROUTE: "/small"}, 1.0, 2.5),
                _steady({_ROUTE: "/large <b>"}, 1500.0, 1234.0),
            ),
        ),
        ("shown", "Duration"): (
            (_steady({}, 0.0123),),
            (_steady({}, 0.1, float("nan"), 0.25, float("nan")),),
        ),
        ("shown", "All of it"): (
            (
                _steady({"le": "+Inf"}, 10.0),
                _steady({"le": "0.1"}, 8.0),
                _steady({"le": "0.025"}, 3.0),
            ),
        ),
        ("shown", "Processes"): (
            (
                _now({"job": "web", "service_version": "1.2"}, 1.0),
                _now({"job": "worker", "service_version": "1.3"}, 1.0),
            ),
            (_now({"job": "worker"}, 90.0), _now({"job": "stranger"}, 7200.0)),
        ),
        ("shown", "Unknown"): ((),),
        ("shown", "Unheard"): ((),),
    },
    {
        ("shown", "Duration"): (Series({"le": "0.1"}, ((START + 10.5, 0.09),)),),
        ("shown", "All of it"): (Series({"le": "0.1"}, ((START + 10.5, 0.09),)),),
    },
    (
        _alert("Slow", "pending", "warning", 50, SECONDS),
        _alert("Down", "firing", "critical", 20, SECONDS),
        _alert("Past", "firing", "critical", 3, 9),
        _alert("Almost", "pending", "critical", 12, 14),
        _alert("Watched", "firing", "info", 12, 14),
    ),
    {
        ("shown", "Traces"): (
            Trace("4bf92f35", "web: POST /slow", START + 4.25, 2.5),
            Trace("00f067aa", "web: GET /<slow>", START + 1, 0.75),
        ),
    },
)
