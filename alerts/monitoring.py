"""The alerts on what watches: rules that fail, messages that do not leave, files that are refused.

The series are Prometheus' and Alertmanager's own: `alerts.watching` has them.
What breaks the whole way is told by the Watchdog's silence instead.
"""

from typing import Final

from alerts import cause, naming, promql, watching
from alerts.cause import PROCESS, WHO, Cause
from alerts.clock import Clock
from alerts.links import TELEMETRY_BOARD, Links
from alerts.naming import Severity
from alerts.rules import Group

_PROMETHEUS: Final = ("prometheus",)
_ALERTMANAGER: Final = ("alertmanager",)
_RELOADED: Final = (
    (watching.PROMETHEUS_RELOADED, _PROMETHEUS),
    (watching.ALERTMANAGER_RELOADED, _ALERTMANAGER),
)


def group(clock: Clock, links: Links) -> Group:
    """Return the alerts on Prometheus and Alertmanager."""
    causes = (_rules(clock), _notifications(clock), _cluster(), _configuration())
    return cause.group("monitoring", causes, clock, links)


def _rules(clock: Clock) -> Cause:
    window = clock.window("5m")
    counted = promql.increase(watching.RULE_FAILURES, window, _PROMETHEUS)
    failures = f"sum by ({PROCESS}) ({counted})"
    return Cause(
        name=naming.RULES_FAILING,
        summary="Prometheus cannot evaluate some of its rules.",
        description=(
            f'{WHO} failed to evaluate rules {{{{ $value | printf "%.0f" }}}} times in the last '
            f"{window}. Alerts that depend on them may stay silent."
        ),
        expression=f"{failures} > 0",
        shown=failures,
        hold="2m",
        severity=Severity.CRITICAL,
        board=TELEMETRY_BOARD,
    )


def _notifications(clock: Clock) -> Cause:
    # A message that fails is tried until the next is due, and counted once in a group interval.
    window = clock.window("15m")
    metric = watching.NOTIFICATIONS_FAILED
    by = promql.by(metric, promql.JOB, promql.INSTANCE, watching.INTEGRATION)
    failed = f"sum {by} ({promql.increase(metric, window, _ALERTMANAGER)})"
    return Cause(
        name=naming.NOTIFICATIONS_FAILING,
        summary="Alertmanager cannot deliver its messages.",
        description=(
            f'{WHO} failed to deliver {{{{ $value | printf "%.0f" }}}} messages by '
            f"{{{{ $labels.integration }}}} in the last {window}. Who is told only that way is not "
            "told at all."
        ),
        expression=f"{failed} > 0",
        shown=failed,
        hold="5m",
        severity=Severity.CRITICAL,
        board=TELEMETRY_BOARD,
    )


def _cluster() -> Cause:
    seen = f"min by ({naming.JOB}) ({promql.level(watching.CLUSTER_MEMBERS, _ALERTMANAGER)})"
    there = f"count by ({naming.JOB}) ({promql.level(watching.UP, _ALERTMANAGER)} == 1)"
    return Cause(
        name=naming.CLUSTER_SPLIT,
        summary="The replicas of Alertmanager have lost sight of each other.",
        description=(
            'One of them sees a cluster of {{ $value | printf "%.0f" }}, fewer than '
            "are up. Each half tells people of itself: messages come twice, silences count in "
            "one half only."
        ),
        # One that runs alone, without a cluster, has no such series. One that is down is missed by
        # all the others, who see each other: TargetDown tells of it.
        expression=f"{seen}\n<\n{there}",
        shown=seen,
        hold="5m",
        board=TELEMETRY_BOARD,
    )


def _configuration() -> Cause:
    either = "\nor\n".join(
        f"min by ({PROCESS}) ({promql.level(metric, jobs)})" for metric, jobs in _RELOADED
    )
    return Cause(
        name=naming.CONFIGURATION_REFUSED,
        summary="A configuration was refused: the one before is still in use.",
        description=(
            f"{WHO} could not load the configuration that it was last given, and goes on with the "
            "one before. At its next start it will not come up."
        ),
        expression=f"({either}) == 0",
        shown=either,
        hold="2m",
        board=TELEMETRY_BOARD,
    )
