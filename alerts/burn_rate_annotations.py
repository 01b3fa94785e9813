"""What a burn-rate notification says: in the order in which a person asks."""

from decimal import Decimal
from typing import Final

from alerts import naming, promql, recorded, templating
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.links import OBJECTIVES_BOARD, Links
from alerts.targets import job_of
from alerts.windows import BURN_WINDOWS, BurnWindow
from telemetry.catalog.objectives import Freshness, Latency, Objective

_PRESENT: Final = BURN_WINDOWS[0].short


def annotations(
    objective: Objective, pair: BurnWindow, clock: Clock, links: Links
) -> dict[str, str]:
    """Return the annotations of one alert; windows are named as long as they really are."""
    lookback = clock.window(pair.long)
    all_burns = recorded.selector(naming.BURN_RATE, objective)
    return {
        "summary": f"The error budget of {objective.slug} burns too fast.",
        "description": (
            f"{objective.promise} Over the last {lookback}, {_ratio(objective, pair.long)} of them "
            f"broke the promise: {{{{ $value | printf `%.1f` }}}} times what it allows."
        ),
        "error_ratio": _error_ratios(objective, pair, clock),
        "burn_rate": (
            f"{{{{ $value | printf `%.1f` }}}}x over {lookback}, "
            f"{_burn(objective, pair.short)}x over {clock.window(pair.short)} "
            f"(this alert starts at {pair.factor(objective.window_days).normalize():f}x)"
        ),
        "budget": _budget(objective, pair, clock),
        "runbook_url": links.runbook(naming.burn_alert(objective)),
        "dashboard_url": links.board(OBJECTIVES_BOARD, lookback),
        "traces_url": _traces(objective, pair, clock, links),
        "graph_url": links.graph(all_burns, lookback),
        **_scale_note(pair, clock),
    }


def _error_ratios(objective: Objective, pair: BurnWindow, clock: Clock) -> str:
    """Name the shortest window too: at 3 a.m. it tells whether the fault still lasts."""
    windows = dict.fromkeys((pair.long, pair.short, _PRESENT))
    ratios = (f"{_ratio(objective, window)} over {clock.window(window)}" for window in windows)
    return f"{', '.join(ratios)} ({_allowed(objective)} is allowed)"


def _ratio(objective: Objective, window: str) -> str:
    return templating.number(
        recorded.selector(naming.ERROR_RATIO, objective, window), "humanizePercentage", "nothing"
    )


def _burn(objective: Objective, window: str) -> str:
    return templating.number(
        recorded.selector(naming.BURN_RATE, objective, window), "printf `%.1f`"
    )


def _allowed(objective: Objective) -> str:
    share = (1 - Decimal(str(objective.target))) * 100
    return f"{share.normalize():f}%"


def _budget(objective: Objective, pair: BurnWindow, clock: Clock) -> str:
    period = clock.window(f"{objective.window_days}d")
    left = recorded.selector(naming.BUDGET_LEFT, objective)
    burn = recorded.selector(naming.BURN_RATE, objective, pair.short)
    gone_in = f"{left} * {seconds(period)} / on ({naming.SLO}) {burn}"
    return templating.either(
        f"{left} > 0",
        f"{templating.number(left, 'humanizePercentage')} of the {period} budget is left, "
        f"gone in {templating.number(gone_in, 'humanizeDuration')} at the present speed",
        f"all of the {period} budget is spent",
    )


def _traces(objective: Objective, pair: BurnWindow, clock: Clock, links: Links) -> str:
    lookback = clock.window(pair.long)
    indicator = objective.indicator
    job = job_of(indicator.metric)
    if isinstance(indicator, Freshness):
        # How long it waited is in no span's duration: the work itself is all that can be shown.
        span = indicator.span
        return links.traces(job, lookback, operation=span.name) if span else ""
    if isinstance(indicator, Latency):
        return links.traces(job, lookback, slower_than=indicator.threshold)
    # The most frequent kind of failure, since Jaeger's search wants one exact value: in the short
    # window, or it might be that of another fault, which is over.
    metric, label = indicator.metric, indicator.bad[0].label
    recently = clock.window(pair.short)
    failed = promql.increase(metric, recently, (job,), *indicator.scope, *indicator.bad)
    most = f"topk(1, sum {promql.by(metric, label)} ({failed}))"
    found = templating.label(most, label.prometheus_name)
    return links.traces(job, lookback, tag=(label.attribute, found))


def _scale_note(pair: BurnWindow, clock: Clock) -> dict[str, str]:
    if clock.scale == 1:
        return {}
    return {
        "note": (
            f"Compressed time: the shipped {pair.long} rule at {clock.scale} times its speed, "
            f"so that {pair.long} takes {clock.window(pair.long)}."
        )
    }
