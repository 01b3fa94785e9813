"""Tests just past an edge: what a rule with a slightly wrong threshold or window would not notice.

The other modules say what each alert looks like; these say only whether it fires. Mutation tests
(tests/alerts/test_mutations.py) found each of them to be missing.
"""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Run, Series, Value, firing, silent

_WEB: Final = {"job": "sightline-web", "instance": "web:9464"}
_WORKER: Final = {"job": "sightline-worker", "instance": "worker:9465"}
_ELSEWHERE: Final = {"job": "another-service", "instance": "elsewhere:1"}
_REPORTS: Final = {"report_queue": "reports"}
_HEALTHY: Final = 297
"""Timers in 30 s of a loop that is late by a hundredth of the time."""


def cases() -> tuple[Case, ...]:
    """Return every case."""
    return (*_telemetry(), *_caches_and_audit(), *_pool(), *_loop(), *_reports(), *_monitoring())


def _grows(name: str, labels: dict[str, str], *runs: tuple[int, float]) -> Series:
    return Series.counter(name, labels, tuple(Run(*one) for one in runs))


def _telemetry() -> tuple[Case, ...]:
    shares = (
        (naming.SPANS_DROPPED, "otel_sdk_processor_span_processed_total", "error_type", "full", ""),
        (naming.LOG_LINES_DROPPED, "telemetry_log_lines_total", "error_type", "full", ""),
        (
            naming.EXEMPLARS_LOST,
            "telemetry_exemplar_links_total",
            "telemetry_outcome",
            "lost",
            "exported",
        ),
    )
    return (
        *(
            Case(
                subject=alert,
                kinds=(Kind.FIRES,),
                title="1.2 % are lost",
                series=(
                    _grows(metric, {**_WEB, label: lost}, (30, 12)),
                    _grows(metric, {**_WEB, label: well}, (30, 988)),
                ),
                values=(firing(alert, 840),),
            )
            for alert, metric, label, lost, well in shares
        ),
        Case(
            subject=naming.SIGNALS_CUT,
            kinds=(Kind.GUARD,),
            title="another service sets attributes that are not declared",
            series=(
                _grows(
                    "telemetry_attributes_dropped_total",
                    {**_ELSEWHERE, "telemetry_signal": "span"},
                    (60, 5),
                ),
            ),
            values=(silent(naming.SIGNALS_CUT, 600), silent(naming.SIGNALS_CUT, 1800)),
        ),
        Case(
            subject=naming.INPUT_REFUSED,
            kinds=(Kind.FIRES,),
            title="24 in a quarter of an hour, four fifths of all",
            series=(
                _grows(
                    "telemetry_input_refused_total",
                    {**_WEB, "telemetry_input": "traceparent"},
                    (90, 0.8),
                ),
                _grows("http_server_request_duration_seconds_count", _WEB, (90, 1)),
            ),
            values=(firing(naming.INPUT_REFUSED, 2400),),
        ),
        Case(
            subject=naming.SCRAPES_REFUSED,
            kinds=(Kind.FIRES,),
            title="six in a quarter of an hour",
            series=(
                _grows(
                    "telemetry_scrapes_refused_total", {**_WEB, "error_type": "busy"}, (60, 0.2)
                ),
            ),
            values=(firing(naming.SCRAPES_REFUSED, 1500),),
        ),
    )


def _caches_and_audit() -> tuple[Case, ...]:
    return (
        Case(
            subject=naming.AUDIT_SEALING_STOPPED,
            kinds=(Kind.FIRES,),
            title="70 s",
            series=(Series("audit_sealing_lag_seconds", _WEB, "70x10"),),
            values=(firing(naming.AUDIT_SEALING_STOPPED, 120),),
        ),
        Case(
            subject=naming.CACHE_BYPASSED,
            kinds=(Kind.FIRES,),
            title="2.4 s",
            series=(Series("authorization_epoch_age_seconds", _WEB, "2.4x20"),),
            values=(firing(naming.CACHE_BYPASSED, 240),),
        ),
    )


def _pool() -> tuple[Case, ...]:
    pool = {**_WEB, "db_client_connection_pool_name": "postgresql"}
    used = {**pool, "db_client_connection_state": "used"}
    most = Series("db_client_connection_max", pool, "10x90")
    return (
        Case(
            subject=naming.POOL_SATURATED,
            kinds=(Kind.FIRES,),
            title="all in use for 11 m after an idle time: what was before is soon forgotten",
            series=(Series("db_client_connection_count", used, "0x40 10x24"), most),
            values=(firing(naming.POOL_SATURATED, 1890),),
        ),
        Case(
            subject=naming.POOL_SATURATED,
            kinds=(Kind.GUARD,),
            title="all in use for 2 m, not even pending",
            series=(Series("db_client_connection_count", used, "0x20 10x3 0x20"), most),
            values=tuple(silent(naming.POOL_SATURATED, second) for second in (690, 720, 750)),
        ),
    )


def _loop() -> tuple[Case, ...]:
    timers = "asyncio_event_loop_lag_seconds_count"
    hung = f'ALERTS{{alertname="{naming.LOOP_BLOCKED}", severity="critical"}}'
    fires = hung.replace("}", ', alertstate="firing"}')
    labels = (
        f'ALERTS{{alertname="{naming.LOOP_BLOCKED}", alertstate="firing", '
        'instance="web:9464", job="sightline-web", severity="critical"}'
    )
    return (
        Case(
            subject=f"{naming.LOOP_BLOCKED} hung",
            kinds=(Kind.FIRES,),
            title="late for 92 % of the time",
            series=(_grows(timers, _WEB, (40, 24)),),
            values=(Value(600, fires, ((labels, 1.0),)),),
        ),
        Case(
            subject=f"{naming.LOOP_BLOCKED} hung",
            kinds=(Kind.FIRES,),
            title="8 m after a healthy time: what was before is soon forgotten",
            series=(_grows(timers, _WEB, (40, _HEALTHY), (30, 0)),),
            values=(Value(1680, fires, ((labels, 1.0),)),),
        ),
        Case(
            subject=f"{naming.LOOP_BLOCKED} hung",
            kinds=(Kind.GUARD,),
            title="held up for 30 s, not even pending",
            series=(_grows(timers, _WEB, (20, _HEALTHY), (1, 0), (20, _HEALTHY)),),
            values=tuple(Value(second, hung, ()) for second in (630, 660, 690)),
        ),
        Case(
            subject=f"{naming.LOOP_BLOCKED} slow",
            kinds=(Kind.GUARD,),
            title="late for two fifths of 30 s, not even pending",
            series=(_grows(timers, _WEB, (20, _HEALTHY), (1, 180), (20, _HEALTHY)),),
            values=tuple(silent(naming.LOOP_BLOCKED, second) for second in (630, 660, 690)),
        ),
    )


def _reports() -> tuple[Case, ...]:
    dead = {**_WORKER, **_REPORTS}
    mails = "mail_deliveries_total"
    leases = ((1, 1), (31, 0)) * 4
    return (
        Case(
            subject=naming.DEAD_LETTERED,
            kinds=(Kind.FIRES,),
            title="told for hours",
            series=(Series("report_queue_dead", dead, "3x10 4x820"),),
            values=(firing(naming.DEAD_LETTERED, 24_000),),
        ),
        Case(
            subject=naming.DEAD_LETTERED,
            kinds=(Kind.RESOLVES,),
            title="told for a day, and then known",
            series=(Series("report_queue_dead", dead, "3x10 4x2960"),),
            values=(silent(naming.DEAD_LETTERED, 88_200),),
        ),
        Case(
            subject=naming.MAIL_FAILING,
            kinds=(Kind.FIRES,),
            title="two of three fail, after half an hour in which all was well",
            series=(
                _grows(mails, {**_WORKER, "mail_outcome": "sent"}, (60, 10), (50, 0.5)),
                _grows(mails, {**_WORKER, "mail_outcome": "retried"}, (60, 0), (50, 1)),
            ),
            values=(firing(naming.MAIL_FAILING, 3180),),
        ),
        Case(
            subject=naming.LEASES_EXPIRING,
            kinds=(Kind.FIRES,),
            title="one every 16 m",
            series=(_grows("report_leases_expired_total", dead, *leases),),
            values=(firing(naming.LEASES_EXPIRING, 3000),),
        ),
    )


def _monitoring() -> tuple[Case, ...]:
    return (
        Case(
            subject=naming.CONFIGURATION_REFUSED,
            kinds=(Kind.GUARD,),
            title="an Alertmanager of others refuses",
            series=(Series("alertmanager_config_last_reload_successful", _ELSEWHERE, "0x30"),),
            values=(silent(naming.CONFIGURATION_REFUSED, 600),),
        ),
    )
