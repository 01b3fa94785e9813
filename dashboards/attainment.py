"""How well an objective is met, as a query: the share of good events, from the raw series.

Burn rates, budgets and their recorded series are the business of `alerts`.
"""

from dashboards import selectors, units
from dashboards.queries import Query, occurrences, share
from telemetry.catalog import Availability, Latency, Objective


def attained(objective: Objective) -> Query:
    """Return the share of good events, 0 to 1; empty only while nothing was asked at all."""
    indicator = objective.indicator
    if isinstance(indicator, Availability):
        return _availability(objective, indicator)
    return _latency(objective, indicator)


def _availability(objective: Objective, indicator: Availability) -> Query:
    every = occurrences(indicator.metric, where=indicator.scope)
    bad = occurrences(indicator.metric, where=(*indicator.scope, *indicator.bad))
    return _good(objective, f"1 - {share(bad, every).expression}")


def _latency(objective: Objective, indicator: Latency) -> Query:
    metric = indicator.metric
    every = occurrences(metric, where=indicator.scope)
    fast = selectors.rate(
        metric, indicator.scope, suffix="_bucket", extra=_at_most(indicator.threshold)
    )
    within = Query(
        expression=f"sum({fast})", unit=every.unit, name="", by=(), metrics=every.metrics
    )
    return _good(objective, share(within, every).expression)


def _at_most(threshold: float) -> str:
    if threshold == int(threshold):
        # Prometheus 3 stores "1.0" where 2 may store "1".
        either = rf"{int(threshold)}(\.0)?"
        return f"le=~{selectors.quoted(either)}"
    return f'le="{threshold}"'


def _good(objective: Objective, expression: str) -> Query:
    return Query(
        expression=expression,
        unit=units.SHARE,
        name="good",
        by=(),
        metrics=(objective.indicator.metric,),
    )
