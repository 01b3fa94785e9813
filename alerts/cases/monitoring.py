"""Tests of the alerts on Prometheus and Alertmanager; all of it is written here by hand."""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Probe, Run, Series, silent
from alerts.cases.scene import STEPS, Scene
from alerts.links import Links

_RULES: Final = "prometheus_rule_evaluation_failures_total"
_FAILED: Final = "alertmanager_notifications_failed_total"
_MEMBERS: Final = "alertmanager_cluster_members"
_RELOADED: Final = "prometheus_config_last_reload_successful"
_RELOADED_TOO: Final = "alertmanager_config_last_reload_successful"
_PROMETHEUS: Final = {"job": "prometheus", "instance": "prometheus:9090"}
_ALERTMANAGER: Final = {"job": "alertmanager", "instance": "alertmanager:9093"}
_SECOND: Final = {"job": "alertmanager", "instance": "alertmanager2:9093"}
_GROUP: Final = {"rule_group": "rules.yaml;caches"}
_OTHER_GROUP: Final = {"rule_group": "rules.yaml;audit"}
_ELSEWHERE: Final = {"job": "another-prometheus", "instance": "elsewhere:9090"}
_MAIL: Final = {"integration": "email"}
_WEBHOOK: Final = {"integration": "webhook"}


def _up(*processes: dict[str, str]) -> tuple[Series, ...]:
    return tuple(Series(naming.UP, process, f"1x{STEPS}") for process in processes)


_RULES_FAILING: Final = Scene(
    name=naming.RULES_FAILING,
    severity="critical",
    labels=_PROMETHEUS,
    summary="Prometheus cannot evaluate some of its rules.",
    says=(
        "prometheus:9090 of prometheus failed to evaluate rules 10 times in the last 5m. Alerts"
        " that depend on them may stay silent."
    ),
    board="telemetry-health",
    graph=f'sum by (job, instance) (increase({_RULES}{{job="prometheus"}}[5m]))',
    fault="two groups fail at each evaluation for 3 m",
    faulty=(
        Series.counter(_RULES, {**_PROMETHEUS, **_GROUP}, (Run(6, 1), Run(20, 0))),
        Series.counter(_RULES, {**_PROMETHEUS, **_OTHER_GROUP}, (Run(6, 1), Run(20, 0))),
        Series.counter(_RULES, {**_ELSEWHERE, **_GROUP}, (Run(26, 1),)),
    ),
    pending=120,
    fires=150,
    resolved=510,
    almost="failures of long ago",
    tolerable=(Series(_RULES, {**_PROMETHEUS, **_GROUP}, f"4x{STEPS}"),),
    calm="no rule ever failed",
    idle=(Series(_RULES, {**_PROMETHEUS, **_GROUP}, f"0x{STEPS}"),),
)
_NOTIFICATIONS: Final = Scene(
    name=naming.NOTIFICATIONS_FAILING,
    severity="critical",
    labels={**_ALERTMANAGER, **_MAIL},
    summary="Alertmanager cannot deliver its messages.",
    says=(
        "alertmanager:9093 of alertmanager failed to deliver 2 messages by email in the last 15m."
        " Who is told only that way is not told at all."
    ),
    board="telemetry-health",
    graph=(f'sum by (job, instance, integration) (increase({_FAILED}{{job="alertmanager"}}[15m]))'),
    fault="no mail leaves for two group intervals, each of which counts one; the webhook works",
    faulty=(
        Series.counter(
            _FAILED, {**_ALERTMANAGER, **_MAIL}, (Run(1, 1), Run(9, 0), Run(1, 1), Run(41, 0))
        ),
        Series.counter(_FAILED, {**_ALERTMANAGER, **_WEBHOOK}, (Run(52, 0),)),
        Series.counter(_FAILED, {**_ELSEWHERE, **_MAIL}, (Run(52, 1),)),
    ),
    pending=300,
    fires=330,
    resolved=1290,
    almost="failures of long ago",
    tolerable=(Series(_FAILED, {**_ALERTMANAGER, **_MAIL}, f"4x{STEPS}"),),
    calm="there was nothing to tell",
    idle=(Series(_FAILED, {**_ALERTMANAGER, **_MAIL}, f"0x{STEPS}"),),
)
_SPLIT: Final = Scene(
    name=naming.CLUSTER_SPLIT,
    labels={"job": "alertmanager"},
    summary="The replicas of Alertmanager have lost sight of each other.",
    says=(
        "One of them sees a cluster of 1, fewer than are up. Each half tells"
        " people of itself: messages come twice, silences count in one half only."
    ),
    board="telemetry-health",
    graph=f'min by (job) ({_MEMBERS}{{job="alertmanager"}})',
    fault="of two replicas one sees only itself for 6 m",
    faulty=(
        *_up(_ALERTMANAGER, _SECOND),
        Series(_MEMBERS, _ALERTMANAGER, "2x4 1x12 2x10"),
        Series(_MEMBERS, _SECOND, "2x30"),
    ),
    pending=420,
    fires=450,
    resolved=540,
    almost="both see both",
    tolerable=(
        *_up(_ALERTMANAGER, _SECOND),
        Series(_MEMBERS, _ALERTMANAGER, f"2x{STEPS}"),
        Series(_MEMBERS, _SECOND, f"2x{STEPS}"),
    ),
    calm="one that runs alone, without a cluster",
    idle=_up(_ALERTMANAGER),
)
_REFUSED: Final = Scene(
    name=naming.CONFIGURATION_REFUSED,
    labels=_PROMETHEUS,
    summary="A configuration was refused: the one before is still in use.",
    says=(
        "prometheus:9090 of prometheus could not load the configuration that it was last given, and"
        " goes on with the one before. At its next start it will not come up."
    ),
    board="telemetry-health",
    graph=(
        f'min by (job, instance) ({_RELOADED}{{job="prometheus"}})\nor\n'
        f'min by (job, instance) ({_RELOADED_TOO}{{job="alertmanager"}})'
    ),
    fault="Prometheus refuses a file for 3 m, then takes the next",
    faulty=(
        Series(_RELOADED, _PROMETHEUS, "1x4 0x6 1x10"),
        Series(_RELOADED_TOO, _ALERTMANAGER, "1x30"),
        Series(_RELOADED, _ELSEWHERE, "0x30"),
    ),
    pending=240,
    fires=270,
    resolved=360,
    almost="the last file was taken",
    tolerable=(
        Series(_RELOADED, _PROMETHEUS, f"1x{STEPS}"),
        Series(_RELOADED_TOO, _ALERTMANAGER, f"1x{STEPS}"),
    ),
    calm="only Prometheus is scraped",
    idle=(Series(_RELOADED, _PROMETHEUS, f"1x{STEPS}"),),
)


def cases(links: Links) -> tuple[Case, ...]:
    """Return every case."""
    scenes = (_RULES_FAILING, _NOTIFICATIONS, _SPLIT, _REFUSED)
    other = _REFUSED.fired(links, 270)
    fired = type(other)(
        {"severity": "warning", **_ALERTMANAGER},
        other.annotations
        | {
            "description": _REFUSED.says.replace(
                "prometheus:9090 of prometheus", "alertmanager:9093 of alertmanager"
            )
        },
    )
    return (
        *(case for scene in scenes for case in scene.cases(links)),
        Case(
            subject=naming.CLUSTER_SPLIT,
            kinds=(Kind.GUARD,),
            title="one of three is down, the others see each other",
            series=(
                *_up(_ALERTMANAGER, _SECOND),
                Series(naming.UP, {**_ALERTMANAGER, "instance": "third:9093"}, "1x4 0x56"),
                Series(_MEMBERS, _ALERTMANAGER, "3x6 2x54"),
                Series(_MEMBERS, _SECOND, "3x6 2x54"),
            ),
            values=tuple(silent(naming.CLUSTER_SPLIT, second) for second in (300, 900, 1_800)),
        ),
        Case(
            subject=naming.CONFIGURATION_REFUSED,
            kinds=(Kind.FIRES,),
            title="it is Alertmanager that refuses",
            series=(
                Series(_RELOADED, _PROMETHEUS, "1x30"),
                Series(_RELOADED_TOO, _ALERTMANAGER, "1x4 0x20"),
            ),
            probes=(Probe(270, naming.CONFIGURATION_REFUSED, (fired,)),),
        ),
    )
