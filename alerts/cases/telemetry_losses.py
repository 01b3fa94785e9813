"""The alerts on what telemetry loses: spans, log lines, exemplars, what a thread had in hand."""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Probe
from alerts.cases.telemetry_told import WEB, Rates, Told, counters, fired
from alerts.links import Links

_PROCESSED: Final = "otel_sdk_processor_span_processed_total"
_EXPORTED: Final = "otel_sdk_exporter_span_exported_total"
_LINES: Final = "telemetry_log_lines_total"
_LINKS: Final = "telemetry_exemplar_links_total"
_THREADS: Final = "telemetry_thread_failures_total"
_REQUESTS: Final = "http_server_request_duration_seconds_count"

_FULL: Final = {"error_type": "queue_full"}
_WRITTEN: Final = {"error_type": ""}

ALERTS: Final = (
    Told(
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
    Told(
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
    Told(
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
    Told(
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
)


def edges(links: Links) -> tuple[Case, ...]:
    """Take a loss that was never counted for 0, not for unknown, on either side."""
    (told,) = (one for one in ALERTS if one.name == naming.SPANS_DROPPED)
    before: Rates = ((_PROCESSED, _WRITTEN, 9_800), (_PROCESSED, _FULL, 200))
    after: Rates = ((_PROCESSED, _WRITTEN, 10_000), (_EXPORTED, {"error_type": "timeout"}, 200))
    return tuple(
        Case(
            subject=told.name,
            kinds=(Kind.FIRES,),
            title=f"all is lost {where} the export, and nothing else was ever counted",
            series=counters(WEB, rates, 30),
            probes=(Probe(660, told.name, (fired(told, links, 660),)),),
        )
        for where, rates in (("before", before), ("in", after))
    )
