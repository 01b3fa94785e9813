"""Tests of the alerts on telemetry: each with a fault, a fault too small, none, and nothing to see.

Series, thresholds and texts are written here by hand, not read back from the rules.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from alerts import naming
from alerts.cases.model import Case, Fired, Kind, Probe, Run, Series, silent
from alerts.links import Links

_STEP: Final = 30
_PROCESSED: Final = "otel_sdk_processor_span_processed_total"
_EXPORTED: Final = "otel_sdk_exporter_span_exported_total"
_LINES: Final = "telemetry_log_lines_total"
_LINKS: Final = "telemetry_exemplar_links_total"
_THREADS: Final = "telemetry_thread_failures_total"
_CAPPED: Final = "telemetry_metric_series_capped_total"
_CUT: Final = "telemetry_signals_cut_total"
_UNDECLARED: Final = "telemetry_attributes_dropped_total"
_REFUSED: Final = "telemetry_input_refused_total"
_REQUESTS: Final = "http_server_request_duration_seconds_count"
_SCRAPES: Final = "telemetry_scrapes_refused_total"

_WEB: Final = {"job": "sightline-web", "instance": "web:9464"}
_OTHER: Final = {"job": "another-service", "instance": "elsewhere:1"}
_FULL: Final = {"error_type": "queue_full"}
_WRITTEN: Final = {"error_type": ""}

_Rates = tuple[tuple[str, dict[str, str], float], ...]
"""Counters: name, labels beside those of the process, growth in a step of 30 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One alert: what it says of a constant fault, and the counters in each state."""

    name: str
    summary: str
    says: str
    labels: dict[str, str] = field(default_factory=dict)
    graph: str
    window: int
    hold: int
    faulty: _Rates
    tolerable: _Rates
    idle: _Rates


_ALERTS: Final = (
    _Told(
        name=naming.SPANS_DROPPED,
        summary="Spans are lost before a collector has them.",
        says="web:9464 of sightline-web lost 2% of its spans; traces have holes or are missing.",
        graph=f"{_EXPORTED}|error_type",
        window=300,
        hold=600,
        faulty=(
            (_PROCESSED, _WRITTEN, 9_900),
            (_PROCESSED, _FULL, 100),
            (_EXPORTED, _WRITTEN, 9_800),
            (_EXPORTED, {"error_type": "503"}, 100),
        ),
        tolerable=(
            (_PROCESSED, _WRITTEN, 9_950),
            (_PROCESSED, _FULL, 50),
            (_EXPORTED, {"error_type": "503"}, 48),
        ),
        idle=((_PROCESSED, _WRITTEN, 0), (_PROCESSED, _FULL, 0), (_EXPORTED, _WRITTEN, 0)),
    ),
    _Told(
        name=naming.LOG_LINES_DROPPED,
        summary="Log lines are lost.",
        says=(
            "web:9464 of sightline-web lost 2% of its log lines; what happened then is not on "
            "record."
        ),
        graph=f"{_LINES}|error_type",
        window=300,
        hold=600,
        faulty=(
            (_LINES, _WRITTEN, 9_800),
            (_LINES, _FULL, 150),
            (_LINES, {"error_type": "write_failed"}, 50),
        ),
        tolerable=((_LINES, _WRITTEN, 9_902), (_LINES, _FULL, 98)),
        idle=((_LINES, _WRITTEN, 0), (_LINES, _FULL, 0)),
    ),
    _Told(
        name=naming.EXEMPLARS_LOST,
        summary="Exemplars lead to traces that are not there.",
        says=(
            "2% of the exemplars of web:9464 of sightline-web point to spans that were lost on "
            "their way to the collector: the link from a graph to its trace leads nowhere."
        ),
        graph=f"{_LINKS}|telemetry_outcome",
        window=300,
        hold=600,
        faulty=(
            (_LINKS, {"telemetry_outcome": "exported"}, 9_800),
            (_LINKS, {"telemetry_outcome": "lost"}, 200),
        ),
        tolerable=(
            (_LINKS, {"telemetry_outcome": "exported"}, 9_902),
            (_LINKS, {"telemetry_outcome": "lost"}, 98),
        ),
        idle=(
            (_LINKS, {"telemetry_outcome": "exported"}, 0),
            (_LINKS, {"telemetry_outcome": "lost"}, 0),
        ),
    ),
    _Told(
        name=naming.THREAD_FAILING,
        summary="A thread of telemetry fails in a way that nobody expected.",
        says=(
            "The thread spans of web:9464 of sightline-web failed 30 times; it goes on, but what "
            "it had in hand is lost."
        ),
        labels={"thread_name": "spans"},
        graph=f"{_THREADS}|thread_name",
        window=900,
        hold=300,
        faulty=((_THREADS, {"thread_name": "spans"}, 1),),
        tolerable=((_THREADS, {"thread_name": "spans"}, 0),),
        idle=((_REQUESTS, {}, 0), (_THREADS, {"thread_name": "spans"}, 0)),
    ),
    _Told(
        name=naming.SERIES_CAPPED,
        summary="A metric has reached its bound of label combinations.",
        says=(
            "some.metric in web:9464 of sightline-web tells new label values no longer apart: 30 "
            "measurements went to its overflow series."
        ),
        labels={"metric_name": "some.metric"},
        graph=f"{_CAPPED}|metric_name",
        window=900,
        hold=300,
        faulty=((_CAPPED, {"metric_name": "some.metric"}, 1),),
        tolerable=((_CAPPED, {"metric_name": "some.metric"}, 0),),
        idle=((_REQUESTS, {}, 0), (_CAPPED, {"metric_name": "some.metric"}, 0)),
    ),
    _Told(
        name=naming.SIGNALS_CUT,
        summary="Spans or log lines are cut at a bound again and again.",
        says=(
            "web:9464 of sightline-web sets more than may leave: the bound log_line has cut, 30 "
            "times."
        ),
        labels={"telemetry_bound": "log_line"},
        graph=f"{_CUT}|telemetry_bound",
        window=900,
        hold=1200,
        faulty=((_CUT, {"telemetry_bound": "log_line"}, 1),),
        tolerable=(
            (_CUT, {"telemetry_bound": "log_line"}, 0),
            (_UNDECLARED, {"telemetry_signal": "span"}, 0),
        ),
        idle=((_REQUESTS, {}, 0), (_CUT, {"telemetry_bound": "log_line"}, 0)),
    ),
    _Told(
        name=naming.INPUT_REFUSED,
        summary="Clients send what telemetry cannot take.",
        says=(
            "In 6% of the requests of web:9464 of sightline-web the traceparent was malformed, "
            "sent twice or over its bound. The requests themselves are answered."
        ),
        labels={"telemetry_input": "traceparent"},
        graph=f"{_REFUSED}|telemetry_input",
        window=900,
        hold=900,
        faulty=((_REFUSED, {"telemetry_input": "traceparent"}, 60), (_REQUESTS, {}, 1000)),
        tolerable=(
            (_REFUSED, {"telemetry_input": "traceparent"}, 49),
            (_REFUSED, {"telemetry_input": "baggage"}, 900),
            (_REQUESTS, {}, 1000),
        ),
        idle=((_REFUSED, {"telemetry_input": "traceparent"}, 0), (_REQUESTS, {}, 0)),
    ),
    _Told(
        name=naming.SCRAPES_REFUSED,
        summary="Scrapes are refused or cut off.",
        says="web:9464 of sightline-web refused or cut off 30 scrapes; its metrics may have gaps.",
        graph=f"{_SCRAPES}|error_type",
        window=900,
        hold=300,
        faulty=((_SCRAPES, {"error_type": "busy"}, 1),),
        tolerable=((_SCRAPES, {"error_type": "busy"}, 0.16),),
        idle=((_REQUESTS, {}, 0), (_SCRAPES, {"error_type": "busy"}, 0)),
    ),
)


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    return (
        *(case for told in _ALERTS for case in _of(told, links)),
        *_lost_in_one_place(links),
        _burst_of_cuts(),
        _undeclared(links),
        _few_requests(),
    )


def _of(told: _Told, links: Links) -> tuple[Case, ...]:
    begins = _STEP + told.hold  # two samples make the first increase
    fires = max(begins, told.window) + _STEP
    mended = fires + told.window + 2 * _STEP
    return (
        Case(
            subject=told.name,
            kinds=(Kind.FIRES, Kind.RESOLVES),
            title="a fault for its hold, then none; another service has it too",
            series=(
                *_counters(_WEB, told.faulty, fires // _STEP, told.idle, told.window // _STEP + 2),
                *_counters(_OTHER, told.faulty, mended // _STEP),
            ),
            probes=(
                Probe(begins - _STEP, told.name),
                Probe(fires, told.name, (_fired(told, links, fires),)),
                Probe(mended, told.name),
            ),
        ),
        Case(
            subject=told.name,
            kinds=(Kind.JUST_BELOW,),
            title="as much as is tolerated, and counts of long ago, not even pending",
            series=_counters(_WEB, told.tolerable, 60),
            values=tuple(silent(told.name, second) for second in (60, 900, 1800)),
        ),
        Case(
            subject=told.name,
            kinds=(Kind.NO_TRAFFIC,),
            title="counters stand still",
            series=_counters(_WEB, told.idle, 60),
            values=(silent(told.name, 1800),),
        ),
        Case(
            subject=told.name,
            kinds=(Kind.ABSENT,),
            title="nothing is scraped",
            series=(),
            values=(silent(told.name, 1800),),
        ),
        Case(
            subject=told.name,
            kinds=(Kind.ABSENT,),
            title="the loss itself was never counted",
            series=_counters(_WEB, told.idle[:1], 60),
            values=(silent(told.name, 1800),),
        ),
    )


def _lost_in_one_place(links: Links) -> tuple[Case, ...]:
    """Take a loss that was never counted for 0, not for unknown, on either side."""
    (told,) = (one for one in _ALERTS if one.name == naming.SPANS_DROPPED)
    before: _Rates = ((_PROCESSED, _WRITTEN, 9_800), (_PROCESSED, _FULL, 200))
    after: _Rates = ((_PROCESSED, _WRITTEN, 10_000), (_EXPORTED, {"error_type": "timeout"}, 200))
    return tuple(
        Case(
            subject=told.name,
            kinds=(Kind.FIRES,),
            title=f"all is lost {where} the export, and nothing else was ever counted",
            series=_counters(_WEB, rates, 30),
            probes=(Probe(660, told.name, (_fired(told, links, 660),)),),
        )
        for where, rates in (("before", before), ("in", after))
    )


def _burst_of_cuts() -> Case:
    """Make no ticket of a burst that is over: it leaves the window before the hold is up."""
    return Case(
        subject=naming.SIGNALS_CUT,
        kinds=(Kind.GUARD,),
        title="cuts for 4 m, and none after",
        series=_counters(_WEB, ((_CUT, {"telemetry_bound": "log_line"}, 5),), 8, (), 90),
        probes=tuple(Probe(second, naming.SIGNALS_CUT) for second in (600, 1140, 1230, 1260, 2000)),
    )


def _undeclared(links: Links) -> Case:
    """Speak of attributes that nobody declared as well."""
    (told,) = (one for one in _ALERTS if one.name == naming.SIGNALS_CUT)
    fired = _fired(told, links, 1260)
    says = (
        "web:9464 of sightline-web sets more than may leave: attributes of a span are not "
        "declared, 60 times."
    )
    return Case(
        subject=naming.SIGNALS_CUT,
        kinds=(Kind.FIRES,),
        title="attributes that are not declared",
        series=_counters(_WEB, ((_UNDECLARED, {"telemetry_signal": "span"}, 2),), 60),
        probes=(
            Probe(
                1260,
                naming.SIGNALS_CUT,
                (
                    Fired(
                        {"severity": "warning", **_WEB, "telemetry_signal": "span"},
                        fired.annotations | {"description": says},
                    ),
                ),
            ),
        ),
    )


def _few_requests() -> Case:
    """Make nothing of half of a handful of requests."""
    refused: _Rates = ((_REFUSED, {"telemetry_input": "traceparent"}, 0.5), (_REQUESTS, {}, 1.0))
    return Case(
        subject=naming.INPUT_REFUSED,
        kinds=(Kind.GUARD,),
        title="half of the requests, but 15 in a quarter of an hour",
        series=_counters(_WEB, refused, 60),
        values=(silent(naming.INPUT_REFUSED, 900), silent(naming.INPUT_REFUSED, 1800)),
    )


def _counters(
    process: dict[str, str], rates: _Rates, steps: int, then: _Rates = (), then_steps: int = 0
) -> tuple[Series, ...]:
    """Return the counters of a process that grow for so many steps, then as `then` says or not."""
    after = {(name, *labels.items()): growth for name, labels, growth in then}
    return tuple(
        Series.counter(
            name,
            {**process, **labels},
            (
                Run(steps, growth),
                *((Run(then_steps, after.get((name, *labels.items()), 0)),) if then_steps else ()),
            ),
        )
        for name, labels, growth in rates
    )


def _fired(told: _Told, links: Links, second: int) -> Fired:
    metric, _, label = told.graph.partition("|")
    minutes = told.window // 60
    expression = (
        f"sum by (job, instance, {label}) "
        f'(increase({metric}{{job=~"sightline-web|sightline-worker"}}[{minutes}m]))'
    )
    start = (second - told.window) * 1000
    return Fired(
        labels={"severity": "warning", **_WEB, **told.labels},
        annotations={
            "summary": told.summary,
            "description": told.says,
            "runbook_url": f"{links.runbooks}/{told.name}",
            "dashboard_url": f"{links.grafana}/d/sightline-telemetry-health?from={start}&to=now",
            **(
                {
                    "traces_url": (
                        f"{links.jaeger}/search?service=sightline-web&limit=20"
                        f"&lookback=custom&start={start}000"
                    )
                }
                if told.name == naming.INPUT_REFUSED
                else {}
            ),
            "graph_url": (
                f"{links.prometheus}/graph?g0.expr={quote(expression, safe='')}"
                f"&g0.tab=0&g0.range_input={minutes}m"
            ),
        },
    )
