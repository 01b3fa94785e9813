"""Tests of each condition of a burn-rate alert alone: the recorded series are fed in as they are.

Real traffic moves long and short windows together, so that one wrong condition hides behind the
other. Here each is just met or just missed while all else, other objectives too, would fire.
"""

from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Series, Value
from alerts.cases.traffic import EVENTS_A_STEP, Phase, series, without_buckets
from alerts.windows import BURN_WINDOWS, BurnWindow, recorded_windows
from telemetry.catalog.objectives import Availability, Objective

_ABOVE: Final = 1.1
_BELOW: Final = 0.9
_STEPS: Final = ("all is met", "short missed", "long missed", "too few bad events")
_ELSE: Final = "another-objective"


def cases(objective: Objective) -> tuple[Case, ...]:
    """Return a case for each window, and one of what is recorded before any."""
    return (_each_process(objective), *(_case(objective, pair) for pair in BURN_WINDOWS))


def _each_process(objective: Objective) -> Case:
    """Record for each process what happened in it, with its labels, where another never failed."""
    events = 2.0 * EVENTS_A_STEP
    failing, well, odd = "a:9464", "b:9464", "c:9464"
    fed = {
        failing: series(objective, Phase(20, 0.1), instance=failing),
        well: series(objective, Phase(20, 0.0), instance=well),
    }
    bad = {failing: events / 10, well: 0.0}
    if not isinstance(objective.indicator, Availability):
        fed[odd], bad[odd] = without_buckets(objective, 20, odd), events
    job = fed[well][0].labels["job"]

    def recorded(name: str, values: dict[str, float]) -> Value:
        labels = f'job="{job}", slo="{objective.slug}"'
        samples = (
            (f'{name}{{instance="{process}", {labels}}}', value)
            for process, value in values.items()
        )
        return Value(570, f'{name}{{slo="{objective.slug}"}}', tuple(samples))

    return Case(
        subject=naming.burn_alert(objective),
        kinds=(Kind.GUARD,),
        title="each process's events stand by themselves",
        series=tuple(one for exposed in fed.values() for one in exposed),
        values=(
            recorded(naming.EVENTS, dict.fromkeys(fed, events)),
            recorded(naming.BAD_EVENTS, bad),
        ),
    )


def _case(objective: Objective, pair: BurnWindow) -> Case:
    """At 30 s all is met and no other window's bad events are; then one miss in each step."""
    factor = float(pair.factor(objective.window_days))
    above, below, high = factor * _ABOVE, factor * _BELOW, 1_000.0
    alert = naming.burn_alert(objective)
    windows = recorded_windows(objective.window_days)
    burns: dict[str, tuple[float, ...]] = {
        **dict.fromkeys(windows, (0, 0, high, high, high)),
        pair.long: (0, above, above, below, above),
        pair.short: (0, above, below, above, above),
    }
    bad: dict[str, tuple[float, ...]] = {
        **dict.fromkeys((one.long for one in BURN_WINDOWS), (0, 0, high, high, high)),
        pair.long: (0, 12, 12, 12, 9),
    }
    alerts = f'count(ALERTS{{alertname="{alert}", window="{pair.long}"}})'
    return Case(
        subject=f"{alert} {pair.long}",
        kinds=(Kind.GUARD,),
        title=f"each condition alone: {', '.join(_STEPS)}",
        series=tuple(
            Series(name, {"slo": slo, "window": window}, " ".join(f"{one:g}" for one in values))
            for name, given in ((naming.BURN_RATE, burns), (naming.BAD_EVENTS_SUM, bad))
            for window, fed in given.items()
            for slo, values in ((objective.slug, fed), (_ELSE, (high,) * len(fed)))
        ),
        values=(
            Value(0, alerts, ()),
            Value(30, alerts, (("{}", 1.0),)),
            *(Value(second, alerts, ()) for second in (60, 90, 120)),
        ),
    )
