"""Alerts on causes: what is broken whatever the users notice, and the proof that alerting works."""

from alerts import naming, promql, watching
from alerts.clock import RESTART_SECONDS, Clock
from alerts.links import TELEMETRY_BOARD, Links
from alerts.naming import Severity
from alerts.rules import AlertRule, Group
from alerts.targets import TARGETS, Target

_HOLD = "2m"
_LOOKBACK = "1h"


def group(clock: Clock, links: Links) -> Group:
    """Return the causes, and the Watchdog."""
    return Group(
        name="platform",
        interval=clock.evaluation_interval,
        rules=(*(_target_down(target, clock, links) for target in TARGETS), _watchdog(links)),
    )


def _target_down(target: Target, clock: Clock, links: Links) -> AlertRule:
    hold = clock.hold(_HOLD, floor=RESTART_SECONDS)
    up = promql.level(watching.UP, target.jobs)
    # `absent` sees what `== 0` cannot: a job with no target left to be down.
    unknown = f"\nor\nabsent({up})" if target.required else ""
    lookback = clock.window(_LOOKBACK)
    return AlertRule(
        name=naming.TARGET_DOWN,
        subject=f"{naming.TARGET_DOWN} {', '.join(target.jobs)}",
        expression=f"{up} == 0{unknown}",
        hold=hold,
        severity=target.severity,
        labels=_job_label(target),
        annotations={
            "summary": f"Prometheus gets no metrics from {target.called}.",
            "description": (
                "{{ with $labels.instance }}{{ . }}{{ else }}Every target{{ end }} of "
                f"{{{{ $labels.job }}}} has given no metrics for {hold}. {target.impact}"
            ),
            "runbook_url": links.runbook(naming.TARGET_DOWN),
            "dashboard_url": links.board(TELEMETRY_BOARD, lookback),
            "traces_url": links.traces(target.jobs[0], lookback) if target.traced else "",
            "graph_url": links.graph(up, lookback),
        },
    )


def _job_label(target: Target) -> dict[str, str]:
    """Name the only job, as the expression does: it tells the rules apart before they fire."""
    return {naming.JOB: target.jobs[0]} if len(target.jobs) == 1 else {}


def _watchdog(links: Links) -> AlertRule:
    return AlertRule(
        name=naming.WATCHDOG,
        subject=naming.WATCHDOG,
        expression="vector(1)",
        hold=None,
        severity=Severity.INFO,
        annotations={
            "summary": "Alerts reach their receivers.",
            "description": (
                "This alert always fires. When it stops arriving, Prometheus, Alertmanager or the "
                "way between them is broken, and no other alert would arrive either."
            ),
            "runbook_url": links.runbook(naming.WATCHDOG),
            "dashboard_url": links.board(TELEMETRY_BOARD, _LOOKBACK),
            "graph_url": links.graph(watching.UP.prometheus_name, _LOOKBACK),
        },
    )
