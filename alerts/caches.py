"""The alerts on the caches of permission checks: right answers still, but all from the database."""

from typing import Final

from alerts import naming, promql
from alerts.cause import Traces
from alerts.clock import Clock
from alerts.links import AUTHORIZATION_BOARD, Links
from alerts.naming import Severity
from alerts.rules import AlertRule, Group
from alerts.targets import SERVICE_JOBS, WEB
from app.signals import BREAKER_STATE, CACHE_BREAKER, CACHE_RESULT, EPOCH_AGE, EVALUATE

_TRUSTED_SECONDS: Final = 2
"""The service's own limit, at any time scale: past it there is no epoch."""

_HOLD: Final = "2m"
_LOOKBACK: Final = "1h"
_PROCESS: Final = f"{naming.JOB}, {naming.INSTANCE}"
_WHO: Final = "{{ $labels.instance }} of {{ $labels.job }}"
_CLOSED: Final = promql.where(BREAKER_STATE, "=", "closed")


def group(clock: Clock, links: Links) -> Group:
    """Return the alerts on the caches."""
    age = f"max by ({_PROCESS}) ({promql.level(EPOCH_AGE, SERVICE_JOBS)})"
    is_closed = f"min by ({_PROCESS}) ({promql.level(CACHE_BREAKER, SERVICE_JOBS, _CLOSED)})"
    return Group(
        name="caches",
        interval=clock.evaluation_interval,
        rules=(
            _rule(
                clock,
                links,
                name=naming.CACHE_BYPASSED,
                expression=f"{age} > {_TRUSTED_SECONDS}",
                shown=age,
                summary="Permission checks pass the caches by.",
                description=(
                    f"{_WHO} has not confirmed for {{{{ $value | humanizeDuration }}}} that its"
                    " caches are current, and asks the database each time. The answers are right."
                ),
                traces=Traces(WEB.jobs[0], EVALUATE.name),
            ),
            _rule(
                clock,
                links,
                name=naming.CACHE_BREAKER_OPEN,
                expression=f"{is_closed} == 0",
                shown=is_closed,
                summary="Redis is left alone: it does not answer permission checks in time.",
                description=(
                    f"{_WHO} has opened the circuit breaker round Redis and does without the"
                    " shared cache. The answers are right; the database has more to do."
                ),
                traces=Traces(WEB.jobs[0], tag=(CACHE_RESULT.attribute, "error")),
            ),
        ),
    )


def _rule(  # noqa: PLR0913  # what the two differ in
    clock: Clock,
    links: Links,
    *,
    name: str,
    expression: str,
    shown: str,
    summary: str,
    description: str,
    traces: Traces,
) -> AlertRule:
    lookback = clock.window(_LOOKBACK)
    return AlertRule(
        name=name,
        subject=name,
        expression=expression,
        hold=clock.hold(_HOLD),
        severity=Severity.WARNING,
        annotations={
            "summary": summary,
            "description": description,
            "runbook_url": links.runbook(name),
            "dashboard_url": links.board(AUTHORIZATION_BOARD, lookback),
            "traces_url": traces.link(links, lookback),
            "graph_url": links.graph(shown, lookback),
        },
    )
