"""The objectives: what is left of each error budget, how fast it goes, how long it will last."""

from typing import Final

from app.objectives import OBJECTIVES
from dashboards.model import GRID_WIDTH, Board, Colour, Panel, Reading, Row, Step
from dashboards.panels import stat, timeseries
from dashboards.recorded import LEAST_SHOWN, budget_left, burn, exhaustion
from telemetry.catalog import Objective

_WINDOWS: Final = ("1h", "6h", "1d", "3d")
_DAY: Final = 86_400
_NOTHING: Final = "Nothing was asked of it yet"
_LEFT: Final = (Step(None, Colour.BAD), Step(0, Colour.WATCH), Step(0.25, Colour.GOOD))
_LASTS: Final = (Step(None, Colour.BAD), Step(_DAY, Colour.WATCH), Step(3 * _DAY, Colour.GOOD))
OVERDRAWN: Final = (Reading(None, LEAST_SHOWN, "-100 % or less"),)
"""Also on the home board: how far it is below that tells nobody what to do."""
_BURNS: Final = (Step(None, Colour.GOOD), Step(1, Colour.WATCH), Step(14.4, Colour.BAD))


def _bounds(objective: Objective) -> tuple[Reading, ...]:
    """Return how the least and the most that is looked for read."""
    days = objective.window_days
    return Reading(None, 0, "used up"), Reading(days * _DAY, None, f"{days} d or more")


_EACH: Final = GRID_WIDTH // len(OBJECTIVES)


def _left(objective: Objective) -> Panel:
    return stat(
        objective.title,
        budget_left(objective),
        answers=f"{objective.promise} How much of what may go wrong in the period is left?",
        if_wrong="Below zero the promise is broken: what risks more waits until it is kept again.",
        steps=_LEFT,
        readings=OVERDRAWN,
        width=_EACH,
        when_empty=_NOTHING,
    )


def _lasts(objective: Objective) -> Panel:
    return stat(
        f"{objective.title} lasts",
        exhaustion(objective),
        answers="How long does the budget last at the last hour's speed? Looked for up to 30 days.",
        if_wrong="Less than a day: somebody has been called, and the burn rates say since when.",
        steps=_LASTS,
        readings=_bounds(objective),
        width=_EACH,
        when_empty=_NOTHING,
    )


def _burn(objective: Objective) -> Panel:
    return timeseries(
        f"{objective.title} burn rate",
        *(burn(objective, window) for window in _WINDOWS),
        answers="How many times too fast is the budget spent, over each window? At 1 it lasts.",
        if_wrong="The short window is high and the long is not: it is new, or already over.",
        steps=_BURNS,
        width=12,
        when_empty=_NOTHING,
    )


_OVER_TIME: Final = timeseries(
    "Budget left",
    *(budget_left(objective) for objective in OBJECTIVES),
    answers="When was each budget spent?",
    if_wrong="A step is one incident: mark its time range and open the board of the service.",
    width=GRID_WIDTH,
    minimum=LEAST_SHOWN,
    maximum=1,
    readings=OVERDRAWN,
    when_empty=_NOTHING,
    leads_to="service-overview",
)

SLOS: Final = Board(
    slug="slos",
    title="Objectives",
    description="Error budgets: what is left, how fast it goes, how long it lasts.",
    rows=(
        Row("Budget left", tuple(map(_left, OBJECTIVES))),
        Row("Time to exhaustion", tuple(map(_lasts, OBJECTIVES))),
        Row("Burn rates", tuple(map(_burn, OBJECTIVES))),
        Row("Over time", (_OVER_TIME,)),
    ),
    time_from="now-6h",
)
