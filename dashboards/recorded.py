"""The series that the rules of `alerts` record for each objective, as declarations to query.

Those of one process each: a panel can then select jobs and instances, which it could not with
series that are summed already.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from alerts import naming
from app.objectives import OBJECTIVES
from dashboards import selectors, units
from dashboards.queries import Query
from telemetry.catalog import Gauge, Label, Matcher, Objective

_SLO: Final = Label(naming.SLO, tuple(objective.slug for objective in OBJECTIVES))
_DAY: Final = 86_400
_SLOWEST: Final = "0.000001"
SPEED_WINDOW: Final = "1h"
LEAST_SHOWN: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Gauge):
    """A series that a rule records under a name of its own."""

    series: str

    @property
    def prometheus_name(self) -> str:
        """The name that the rule gives."""
        return self.series


EVENTS: Final = Recorded(
    name="slo.events",
    unit="{event}",
    description="Events of an objective within the last minute.",
    labels=(_SLO,),
    series=naming.EVENTS,
)
BAD_EVENTS: Final = Recorded(
    name="slo.bad_events",
    unit="{event}",
    description="Events of an objective within the last minute that broke it.",
    labels=(_SLO,),
    series=naming.BAD_EVENTS,
)
RECORDED: Final = (EVENTS, BAD_EVENTS)


def burn(objective: Objective, window: str) -> Query:
    """Return how many times too fast the error budget is spent: at 1 it lasts the period."""
    return _query(_burn(objective, window), units.COUNT, window)


def budget_left(objective: Objective) -> Query:
    """Return the share of the period's error budget that is left; below 0 it is overdrawn.

    At `LEAST_SHOWN` it ends: one bad hour of a young service would leave no scale for the rest.
    """
    left = f"clamp_min({_left(objective)}, {LEAST_SHOWN})"
    return _query(left, units.SHARE, objective.title)


def exhaustion(objective: Objective) -> Query:
    """Return the seconds until the budget is gone at the last hour's speed, at most the period."""
    period = objective.window_days * _DAY
    speed = f"clamp_min({_burn(objective, SPEED_WINDOW)}, {_SLOWEST})"
    return _query(
        f"clamp_max(clamp_min({_left(objective)}, 0) * {period} / {speed}, {period})",
        units.SECONDS,
        objective.title,
    )


def _burn(objective: Objective, window: str) -> str:
    ratio = f"{_sum(BAD_EVENTS, objective, window)} / ({_sum(EVENTS, objective, window)} > 0)"
    return f"{ratio} / {(1 - Decimal(str(objective.target))).normalize():f}"


def _left(objective: Objective) -> str:
    return f"(1 - {_burn(objective, f'{objective.window_days}d')})"


def _sum(series: Recorded, objective: Objective, window: str) -> str:
    of_objective = (Matcher(_SLO, "=", objective.slug),)
    return f"sum(sum_over_time({selectors.selector(series, of_objective)}[{window}]))"


def _query(expression: str, unit: str, name: str) -> Query:
    return Query(expression=expression, unit=unit, name=name, by=(), metrics=RECORDED)
