"""What an incident spends of the error budgets, and how a drill gives it back.

Budgets stand in recorded series alone. Between two incidents these are erased, so that the slow
windows of the one do not ring in the other; what was scraped stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx

from alerts import naming
from app.objectives import OBJECTIVES
from compose.chain.prometheus import Prometheus
from telemetry.catalog.objectives import Objective

_BASE_SECONDS: Final = 60
_RECORDED: Final = ('{__name__=~"instance:slo_.+"}', '{__name__=~"slo:.+"}')
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Spent:
    """What an incident cost one objective; `share` is of the budget of the objective's period.

    The share takes the incident's traffic for the whole period's, and time as the rules see it.
    """

    objective: str
    promise: str
    events: float
    bad: float
    share: float


def spent(prometheus: Prometheus, seconds: float, scale: int) -> Iterator[Spent]:
    """Yield what the last `seconds` cost each objective."""
    base = max(4, _BASE_SECONDS // scale)
    for objective in OBJECTIVES:
        where = f'{{slo="{objective.slug}"}}[{round(seconds)}s]'
        events, bad = (
            prometheus.value(f"sum(sum_over_time({series}{where})) / {base}") or 0.0
            for series in (naming.EVENTS, naming.BAD_EVENTS)
        )
        share = _share(objective, events, bad, seconds * scale)
        yield Spent(objective.slug, objective.promise, round(events, 1), round(bad, 1), share)


def give_back(prometheus_url: str) -> None:
    """Erase what the budgets are reckoned from; raises httpx's errors."""
    httpx.post(
        f"{prometheus_url}/api/v1/admin/tsdb/delete_series",
        params={"match[]": list(_RECORDED)},
        timeout=10.0,
    ).raise_for_status()


def _share(objective: Objective, events: float, bad: float, nominal_seconds: float) -> float:
    if not events:
        return 0.0
    of_period = nominal_seconds / (objective.window_days * _DAY)
    return bad / events / (1 - objective.target) * of_period
