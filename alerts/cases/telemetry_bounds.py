"""The alerts on what comes to a bound of telemetry: series, signals, input and scrapes."""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Fired, Kind, Probe, firing, silent
from alerts.cases.telemetry_told import WEB, Rates, Told, counters, fired
from alerts.links import Links

_CAPPED: Final = "telemetry_metric_series_capped_total"
_CUT: Final = "telemetry_signals_cut_total"
_UNDECLARED: Final = "telemetry_attributes_dropped_total"
_REFUSED: Final = "telemetry_input_refused_total"
_REQUESTS: Final = "http_server_request_duration_seconds_count"
_SCRAPES: Final = "telemetry_scrapes_refused_total"

ALERTS: Final = (
    Told(
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
    Told(
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
    Told(
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
    Told(
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


def edges(links: Links) -> tuple[Case, ...]:
    """Return what is particular to one of these alerts."""
    return (_burst_of_cuts(), _undeclared(links), _few_requests(), _two_processes())


def _burst_of_cuts() -> Case:
    """Make no ticket of a burst that is over: it leaves the window before the hold is up."""
    return Case(
        subject=naming.SIGNALS_CUT,
        kinds=(Kind.GUARD,),
        title="cuts for 4 m, and none after",
        series=counters(WEB, ((_CUT, {"telemetry_bound": "log_line"}, 5),), 8, (), 90),
        probes=tuple(Probe(second, naming.SIGNALS_CUT) for second in (600, 1140, 1230, 1260, 2000)),
    )


def _undeclared(links: Links) -> Case:
    """Speak of attributes that nobody declared as well."""
    (told,) = (one for one in ALERTS if one.name == naming.SIGNALS_CUT)
    base = fired(told, links, 1260)
    says = (
        "web:9464 of sightline-web sets more than may leave: attributes of a span are not "
        "declared, 60 times."
    )
    return Case(
        subject=naming.SIGNALS_CUT,
        kinds=(Kind.FIRES,),
        title="attributes that are not declared",
        series=counters(WEB, ((_UNDECLARED, {"telemetry_signal": "span"}, 2),), 60),
        probes=(
            Probe(
                1260,
                naming.SIGNALS_CUT,
                (
                    Fired(
                        {"severity": "warning", **WEB, "telemetry_signal": "span"},
                        base.annotations | {"description": says},
                    ),
                ),
            ),
        ),
    )


def _few_requests() -> Case:
    """Make nothing of half of a handful of requests."""
    refused: Rates = ((_REFUSED, {"telemetry_input": "traceparent"}, 0.5), (_REQUESTS, {}, 1.0))
    return Case(
        subject=naming.INPUT_REFUSED,
        kinds=(Kind.GUARD,),
        title="half of the requests, but 15 in a quarter of an hour",
        series=counters(WEB, refused, 60),
        values=(silent(naming.INPUT_REFUSED, 900), silent(naming.INPUT_REFUSED, 1800)),
    )


def _two_processes() -> Case:
    """Set what each process refused against its own requests."""
    refused: Rates = ((_REFUSED, {"telemetry_input": "traceparent"}, 60), (_REQUESTS, {}, 100))
    second = {**WEB, "instance": "web2:9464"}
    return Case(
        subject=naming.INPUT_REFUSED,
        kinds=(Kind.FIRES,),
        title="of two processes only one is sent nonsense",
        series=(*counters(WEB, refused, 90), *counters(second, refused[1:], 90)),
        values=(firing(naming.INPUT_REFUSED, 2400),),
    )
