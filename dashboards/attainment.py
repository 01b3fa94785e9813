"""How well an objective is met, as a query: the share of good events, from the raw series.

Burn rates, budgets and their recorded series are the business of `alerts`.
"""

from dashboards import selectors, units
from dashboards.queries import Query, occurrences, rate, share
from telemetry.catalog import Availability, Freshness, Latency, Losses, Metric, Objective


def attained(objective: Objective) -> Query:
    """Return the share of good events, 0 to 1; empty only while nothing was asked at all."""
    indicator = objective.indicator
    if isinstance(indicator, Availability):
        return _availability(objective, indicator)
    if isinstance(indicator, Freshness) and indicator.lost:
        return _freshness(objective, indicator, indicator.lost)
    return _good(objective, share(_within(indicator), _every(indicator)).expression)


def _availability(objective: Objective, indicator: Availability) -> Query:
    every = occurrences(indicator.metric, where=indicator.scope)
    bad = occurrences(indicator.metric, where=(*indicator.scope, *indicator.bad))
    return _good(objective, f"1 - {share(bad, every).expression}")


def _freshness(objective: Objective, indicator: Freshness, lost: Losses) -> Query:
    every, gone = _every(indicator).expression, rate(lost.metric, where=lost.where).expression
    whole = f"({every} + ({gone} or 0 * {every}))"
    return _good(objective, f"{_within(indicator).expression} / ({whole} > 0)", also=(lost.metric,))


def _every(indicator: Latency | Freshness) -> Query:
    return occurrences(indicator.metric, where=indicator.scope)


def _within(indicator: Latency | Freshness) -> Query:
    metric = indicator.metric
    fast = selectors.rate(
        metric, indicator.scope, suffix="_bucket", extra=_at_most(indicator.threshold)
    )
    every = _every(indicator)
    return Query(expression=f"sum({fast})", unit=every.unit, name="", by=(), metrics=every.metrics)


def _at_most(threshold: float) -> str:
    if threshold == int(threshold):
        # Prometheus 3 stores "1.0" where 2 may store "1".
        either = rf"{int(threshold)}(\.0)?"
        return f"le=~{selectors.quoted(either)}"
    return f'le="{threshold}"'


def _good(objective: Objective, expression: str, also: tuple[Metric, ...] = ()) -> Query:
    return Query(
        expression=expression,
        unit=units.SHARE,
        name="good",
        by=(),
        metrics=(objective.indicator.metric, *also),
    )
