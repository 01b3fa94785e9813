"""Alerts on telemetry itself: what the service saw and could not tell, and which bound has cut.

All are tickets: no user notices, but until it is mended something else may go wrong unseen. Shares
are of what one process handled, so that a small one is not hidden behind a large one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from alerts import naming, promql
from alerts.clock import RETRIES_SECONDS, Clock
from alerts.links import TELEMETRY_BOARD, Links
from alerts.naming import Severity
from alerts.rules import AlertRule, Group
from alerts.targets import SERVICE_JOBS
from telemetry.catalog import http, pipeline
from telemetry.catalog.declarations import Counter, Histogram, Label
from telemetry.catalog.objectives import Matcher

_LOST_SHARE: Final = "0.01"
_REFUSED_SHARE: Final = "0.05"
_FEWEST_REFUSED: Final = 20
_SCRAPES_TOLERATED: Final = 5

_LOOKBACK: Final = "1h"
_PROCESS: Final = (promql.JOB, promql.INSTANCE)
_WHO: Final = "{{ $labels.instance }} of {{ $labels.job }}"
_SHARE: Final = "{{ $value | humanizePercentage }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alert:
    """`condition` takes the window in real time; `window` and `hold` are nominal.

    `floor` is the least that the window must have, in real seconds.
    """

    name: str
    summary: str
    description: str
    condition: Callable[[str], str]
    shown: Counter
    window: str
    hold: str
    floor: int = 1
    has_traces: bool = False
    """Whether the process's latest traces are likely to show it."""


def group(clock: Clock, links: Links) -> Group:
    """Return the alerts on telemetry."""
    return Group(
        name="telemetry",
        interval=clock.evaluation_interval,
        rules=tuple(_rule(alert, clock, links) for alert in _ALERTS),
    )


def _rule(alert: _Alert, clock: Clock, links: Links) -> AlertRule:
    window, lookback = clock.window(alert.window, alert.floor), clock.window(_LOOKBACK)
    shown = _increase(alert.shown, window, _reason(alert.shown))
    return AlertRule(
        name=alert.name,
        subject=alert.name,
        expression=alert.condition(window),
        hold=clock.hold(alert.hold),
        severity=Severity.WARNING,
        annotations={
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": links.runbook(alert.name),
            "dashboard_url": links.board(TELEMETRY_BOARD, lookback),
            "traces_url": links.traces("{{$labels.job}}", lookback) if alert.has_traces else "",
            "graph_url": links.graph(shown, lookback),
        },
    )


def _increase(
    metric: Counter | Histogram, window: str, by: Label | None = None, *where: Matcher
) -> str:
    """Return how much each process counted in the window, also by one label of the metric."""
    grouped = promql.by(metric, *_PROCESS, *((by,) if by else ()))
    return f"sum {grouped} ({promql.increase(metric, window, SERVICE_JOBS, *where)})"


def _reason(metric: Counter) -> Label:
    """Return the label that tells the kinds of a loss apart: each of these counters has one."""
    (only,) = metric.labels
    return only


def _lost(metric: Counter, window: str) -> str:
    """Return what ended with an error."""
    return _increase(metric, window, None, Matcher(_reason(metric), "!=", ""))


def _spans_dropped(window: str) -> str:
    total = _increase(pipeline.SPANS_PROCESSED, window)
    # A reason that never came up has no series: nothing was lost by it, which is no unknown.
    before, after = (
        f"({_lost(metric, window)}\n    or 0 * {total})"
        for metric in (pipeline.SPANS_PROCESSED, pipeline.SPANS_EXPORTED)
    )
    return f"(\n  {before}\n  + {after}\n)\n/ ({total} > 0)\n> {_LOST_SHARE}"


def _lines_dropped(window: str) -> str:
    total = _increase(pipeline.LOG_LINES, window)
    return f"{_lost(pipeline.LOG_LINES, window)}\n/ ({total} > 0)\n> {_LOST_SHARE}"


def _links_lost(window: str) -> str:
    lost = Matcher(_reason(pipeline.EXEMPLAR_LINKS), "=", pipeline.LINK_LOST)
    total = _increase(pipeline.EXEMPLAR_LINKS, window)
    return (
        f"{_increase(pipeline.EXEMPLAR_LINKS, window, None, lost)}\n"
        f"/ ({total} > 0)\n> {_LOST_SHARE}"
    )


def _thread_failing(window: str) -> str:
    return f"{_increase(pipeline.THREAD_FAILURES, window, _reason(pipeline.THREAD_FAILURES))} > 0"


def _series_capped(window: str) -> str:
    return f"{_increase(pipeline.SERIES_CAPPED, window, _reason(pipeline.SERIES_CAPPED))} > 0"


def _signals_cut(window: str) -> str:
    cut, undeclared = (
        f"{_increase(metric, window, _reason(metric))} > 0"
        for metric in (pipeline.SIGNALS_CUT, pipeline.ATTRIBUTES_DROPPED)
    )
    return f"{cut}\nor\n{undeclared}"


def _input_refused(window: str) -> str:
    kind = _reason(pipeline.INPUT_REFUSED)
    # That baggage stays outside is our own decision: nobody has to do anything about it.
    refused = _increase(pipeline.INPUT_REFUSED, window, kind, Matcher(kind, "!=", "baggage"))
    requests = _increase(http.REQUEST_DURATION, window)
    return (
        f"({refused} > {_FEWEST_REFUSED})\n"
        f"/ on ({naming.JOB}, {naming.INSTANCE}) group_left () ({requests} > 0)\n> {_REFUSED_SHARE}"
    )


def _scrapes_refused(window: str) -> str:
    return f"{_increase(pipeline.SCRAPES_REFUSED, window)} > {_SCRAPES_TOLERATED}"


_ALERTS: Final = (
    _Alert(
        name=naming.SPANS_DROPPED,
        summary="Spans are lost before a collector has them.",
        description=f"{_WHO} lost {_SHARE} of its spans; traces have holes or are missing.",
        condition=_spans_dropped,
        shown=pipeline.SPANS_EXPORTED,
        window="5m",
        hold="10m",
        floor=RETRIES_SECONDS,
    ),
    _Alert(
        name=naming.LOG_LINES_DROPPED,
        summary="Log lines are lost.",
        description=f"{_WHO} lost {_SHARE} of its log lines; what happened then is not on record.",
        condition=_lines_dropped,
        shown=pipeline.LOG_LINES,
        window="5m",
        hold="10m",
    ),
    _Alert(
        name=naming.EXEMPLARS_LOST,
        summary="Exemplars lead to traces that are not there.",
        description=(
            f"{_SHARE} of the exemplars of {_WHO} point to spans that were lost on their way to "
            "the collector: the link from a graph to its trace leads nowhere."
        ),
        condition=_links_lost,
        shown=pipeline.EXEMPLAR_LINKS,
        window="5m",
        hold="10m",
        floor=RETRIES_SECONDS,
    ),
    _Alert(
        name=naming.THREAD_FAILING,
        summary="A thread of telemetry fails in a way that nobody expected.",
        description=(
            f"The thread {{{{ $labels.thread_name }}}} of {_WHO} failed "
            '{{ $value | printf "%.0f" }} times; it goes on, but what it had in hand is lost.'
        ),
        condition=_thread_failing,
        shown=pipeline.THREAD_FAILURES,
        window="15m",
        hold="5m",
    ),
    _Alert(
        name=naming.SERIES_CAPPED,
        summary="A metric has reached its bound of label combinations.",
        description=(
            f"{{{{ $labels.metric_name }}}} in {_WHO} tells new label values no longer apart: "
            '{{ $value | printf "%.0f" }} measurements went to its overflow series.'
        ),
        condition=_series_capped,
        shown=pipeline.SERIES_CAPPED,
        window="15m",
        hold="5m",
    ),
    _Alert(
        name=naming.SIGNALS_CUT,
        summary="Spans or log lines are cut at a bound again and again.",
        description=(
            f"{_WHO} sets more than may leave: "
            "{{ with $labels.telemetry_bound }}the bound {{ . }} has cut"
            "{{ else }}attributes of a {{ $labels.telemetry_signal }} are not declared"
            '{{ end }}, {{ $value | printf "%.0f" }} times.'
        ),
        condition=_signals_cut,
        shown=pipeline.SIGNALS_CUT,
        window="15m",
        hold="20m",
    ),
    _Alert(
        name=naming.INPUT_REFUSED,
        summary="Clients send what telemetry cannot take.",
        description=(
            f"In {_SHARE} of the requests of {_WHO} the {{{{ $labels.telemetry_input }}}} was "
            "malformed, sent twice or over its bound. The requests themselves are answered."
        ),
        condition=_input_refused,
        shown=pipeline.INPUT_REFUSED,
        window="15m",
        hold="15m",
        has_traces=True,
    ),
    _Alert(
        name=naming.SCRAPES_REFUSED,
        summary="Scrapes are refused or cut off.",
        description=(
            f'{_WHO} refused or cut off {{{{ $value | printf "%.0f" }}}} scrapes; its metrics may '
            "have gaps."
        ),
        condition=_scrapes_refused,
        shown=pipeline.SCRAPES_REFUSED,
        window="15m",
        hold="5m",
    ),
)
