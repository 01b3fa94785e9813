"""An objective's rules: what happened in each process, how fast the budget burns, who must know.

Flow: raw counters → events and bad events per process over the base window → their sums over every
other window → error ratio → burn rate → four alerts. Ratios are made of sums, never of ratios.
"""

from decimal import Decimal
from typing import Final

from alerts import naming, promql, recorded
from alerts.burn_rate_annotations import annotations
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.links import Links
from alerts.naming import Severity
from alerts.rules import AlertRule, Group, RecordingRule
from alerts.targets import job_of
from alerts.windows import (
    BASE,
    BURN_WINDOWS,
    MINIMUM_BAD_EVENTS,
    BurnWindow,
    recorded_windows,
)
from telemetry.catalog.declarations import Counter, DeclarationError, Histogram
from telemetry.catalog.objectives import Availability, Freshness, Matcher, Objective

_PROCESS: Final = f"{naming.JOB}, {naming.INSTANCE}"
_SPEED_WINDOW: Final = BURN_WINDOWS[0].long
_SLOWEST: Final = "0.000001"


def budget(objective: Objective) -> Decimal:
    """Return the share of events that may be bad."""
    return 1 - Decimal(str(objective.target))


def plain(number: Decimal) -> str:
    """Return a number without exponent or trailing zeros."""
    return f"{number.normalize():f}"


def recordings(objective: Objective, clock: Clock) -> Group:
    """Return the series of an objective."""
    every = recorded_windows(objective.window_days)
    long_ones = [pair.long for pair in BURN_WINDOWS]
    return Group(
        name=f"slo-{objective.slug}",
        interval=clock.evaluation_interval,
        rules=(
            _events(objective, clock),
            _bad_events(objective, clock),
            *(_bad_events_sum(objective, clock, window) for window in long_ones),
            *(_error_ratio(objective, clock, window) for window in every),
            _burn_rate(objective),
            _budget_left(objective),
            _exhaustion(objective, clock),
        ),
    )


def alerts(objective: Objective, clock: Clock, links: Links) -> Group:
    """Return the burn-rate alerts of an objective, fastest first."""
    return Group(
        name=f"slo-{objective.slug}-alerts",
        interval=clock.evaluation_interval,
        rules=tuple(_alert(objective, pair, clock, links) for pair in BURN_WINDOWS),
    )


def _increase(metric: Counter | Histogram, clock: Clock, *where: Matcher) -> str:
    counted = promql.increase(metric, clock.window(BASE), (job_of(metric),), *where)
    return f"sum by ({_PROCESS}) ({counted})"


def _events(objective: Objective, clock: Clock) -> RecordingRule:
    indicator = objective.indicator
    expression = _increase(indicator.metric, clock, *indicator.scope)
    if isinstance(indicator, Freshness) and indicator.lost:
        lost = _increase(indicator.lost.metric, clock, *indicator.lost.where)
        same = f"on ({_PROCESS})"
        # Where nothing was ever lost there is no such series: nothing was, which is no unknown.
        expression = f"{expression}\n+ {same}\n({lost} or {same} 0 * {expression})"
    return RecordingRule(
        record=naming.EVENTS, expression=expression, labels={naming.SLO: objective.slug}
    )


def _bad_events(objective: Objective, clock: Clock) -> RecordingRule:
    indicator = objective.indicator
    total = recorded.selector(naming.EVENTS, objective)
    none = f"or on ({_PROCESS})\n  0 * {total}"
    if isinstance(indicator, Availability):
        bad = _increase(indicator.metric, clock, *indicator.scope, *indicator.bad)
        # A process that never failed has no such series yet: it counts as zero, not as unknown.
        expression = f"{bad}\n{none}"
    else:
        jobs, base = (job_of(indicator.metric),), clock.window(BASE)
        good = promql.increase_within(
            indicator.metric, indicator.threshold, base, jobs, *indicator.scope
        )
        # A bucket that is missing counts as nothing in time: loud, where silence would be wrong.
        expression = (
            f"clamp_min(\n  {total}\n  - on ({_PROCESS})\n"
            f"  (sum by ({_PROCESS}) ({good}) {none}),\n  0\n)"
        )
    return RecordingRule(
        record=naming.BAD_EVENTS, expression=expression, labels={naming.SLO: objective.slug}
    )


def _sum_over(objective: Objective, series: str, window: str, clock: Clock) -> str:
    """Sum over all processes; each event stands in every sample of one base window."""
    return f"sum(sum_over_time({recorded.selector(series, objective)}[{clock.window(window)}]))"


def _bad_events_sum(objective: Objective, clock: Clock, window: str) -> RecordingRule:
    evaluation, base = seconds(clock.evaluation_interval), seconds(clock.window(BASE))
    summed = _sum_over(objective, naming.BAD_EVENTS, window, clock)
    return RecordingRule(
        record=naming.BAD_EVENTS_SUM,
        expression=f"{summed} * {evaluation} / {base}",
        labels={naming.SLO: objective.slug, naming.WINDOW: window},
    )


def _error_ratio(objective: Objective, clock: Clock, window: str) -> RecordingRule:
    bad = _sum_over(objective, naming.BAD_EVENTS, window, clock)
    total = _sum_over(objective, naming.EVENTS, window, clock)
    return RecordingRule(
        record=naming.ERROR_RATIO,
        expression=f"{bad}\n/\n({total} > 0)",
        labels={naming.SLO: objective.slug, naming.WINDOW: window},
    )


def _burn_rate(objective: Objective) -> RecordingRule:
    ratio = recorded.selector(naming.ERROR_RATIO, objective)
    return RecordingRule(
        record=naming.BURN_RATE,
        expression=f"{ratio} / {plain(budget(objective))}",
        labels={naming.SLO: objective.slug},
    )


def _budget_left(objective: Objective) -> RecordingRule:
    period = f"{objective.window_days}d"
    return RecordingRule(
        record=naming.BUDGET_LEFT,
        expression=f"1 - {recorded.selector(naming.BURN_RATE, objective, period)}",
        labels={naming.SLO: objective.slug},
    )


def _exhaustion(objective: Objective, clock: Clock) -> RecordingRule:
    period = seconds(clock.window(f"{objective.window_days}d"))
    left = f"clamp_min({recorded.selector(naming.BUDGET_LEFT, objective)}, 0)"
    burn = recorded.selector(naming.BURN_RATE, objective, _SPEED_WINDOW)
    return RecordingRule(
        record=naming.EXHAUSTION,
        # No burn at all is no division by zero: it lasts, as at any sustainable speed.
        expression=(
            f"clamp_max(\n  {left} * {period}\n  / on ({naming.SLO})\n"
            f"  clamp_min({burn}, {_SLOWEST}),\n  {period}\n)"
        ),
        labels={naming.SLO: objective.slug},
    )


def _alert(objective: Objective, pair: BurnWindow, clock: Clock, links: Links) -> AlertRule:
    factor = pair.factor(objective.window_days)
    if factor * budget(objective) >= 1:
        message = (
            f"objective {objective.slug!r}: the {pair.long} alert would need an error ratio of "
            f"{plain(factor * budget(objective))}, which no outage reaches"
        )
        raise DeclarationError(message)
    long_burn = recorded.selector(naming.BURN_RATE, objective, pair.long)
    short_burn = recorded.selector(naming.BURN_RATE, objective, pair.short)
    bad_events = recorded.selector(naming.BAD_EVENTS_SUM, objective, pair.long)
    same = f"and on ({naming.SLO})"
    return AlertRule(
        name=naming.burn_alert(objective),
        subject=f"{naming.burn_alert(objective)} {pair.long}",
        expression=(
            f"{long_burn} > {plain(factor)}\n{same}\n{short_burn} > {plain(factor)}\n"
            f"{same}\n{bad_events} >= {MINIMUM_BAD_EVENTS}"
        ),
        hold=clock.hold(pair.hold),
        severity=pair.severity if objective.wakes else Severity.WARNING,
        labels={naming.SLO: objective.slug, naming.WINDOW: pair.long},
        annotations=annotations(objective, pair, clock, links),
    )
