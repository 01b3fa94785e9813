"""A month of recorded events, and what every sum, ratio and budget must be at its end.

One sample an hour for each process and objective, so that each window holds a known number of
them; the rules that record them from raw counters are left out, as their work is fed in.
"""

from dataclasses import replace
from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind, Series, Value
from alerts.durations import seconds
from alerts.rules import Group
from alerts.windows import BURN_WINDOWS, recorded_windows
from telemetry.catalog.objectives import Objective

HOURS: Final = 24 * 40
EVALUATED: Final = f"{HOURS}h"
"""Only at the end: all that is recorded then is of that moment."""

FED_IN: Final = 2
"""How many rules of a group record what happened in each process."""

_EVENTS: Final = (2_000_000, 1_000)
"""At the start, and how much more in each hour: no two windows have the same share."""

_BAD_GROWTH: Final = 4_000
"""Times the budget: bad events more in each hour, so that a little of the budget is left."""

_PROCESSES: Final = ("web:9464", "web2:9464")
_EVALUATION_SHARE: Final = 0.5
"""An event stands in two samples, at 30 s, of what is recorded over 1 m."""


def group(recordings: Group) -> Group:
    """Return the group without what is fed in."""
    return replace(recordings, rules=recordings.rules[FED_IN:])


def case(objective: Objective, budget: float) -> Case:
    """Return the one case of an objective; `budget` is the share of events that may be bad."""
    slug, period = objective.slug, objective.window_days * 86_400
    windows = recorded_windows(objective.window_days)
    course = (0, round(_BAD_GROWTH * budget))
    ratio = {window: _sum(course, window) / _sum(_EVENTS, window) for window in windows}
    left = 1 - ratio[windows[-1]] / budget
    lasts = left * period / (ratio[BURN_WINDOWS[0].long] / budget)
    expected = [
        (f'{naming.BUDGET_LEFT}{{slo="{slug}"}}', left),
        (f'{naming.EXHAUSTION}{{slo="{slug}"}}', lasts),
    ]
    for window in windows:
        of = f'{{slo="{slug}", window="{window}"}}'
        expected.append((f"{naming.ERROR_RATIO}{of}", ratio[window]))
        expected.append((f"{naming.BURN_RATE}{of}", ratio[window] / budget))
    for pair in BURN_WINDOWS:
        of = f'{{slo="{slug}", window="{pair.long}"}}'
        bad = _sum(course, pair.long) * len(_PROCESSES) * _EVALUATION_SHARE
        expected.append((f"{naming.BAD_EVENTS_SUM}{of}", bad))
    return Case(
        subject=naming.burn_alert(objective),
        kinds=(Kind.GUARD,),
        title="a month of hours",
        series=(*_recorded(slug, course), *_of_another(windows)),
        values=tuple(
            Value(HOURS * 3_600, f"count(abs({series} / {value!r} - 1) < 1e-9)", (("{}", 1.0),))
            for series, value in expected
        ),
    )


def _sum(course: tuple[int, int], window: str) -> float:
    """Return the sum over a window at the end: the samples at both of its edges are in it."""
    start, growth = course
    samples = min(seconds(window) // 3_600, HOURS) + 1
    last = start + growth * HOURS
    return samples * last - growth * samples * (samples - 1) / 2


def _recorded(slug: str, bad: tuple[int, int]) -> tuple[Series, ...]:
    job = {"job": "sightline-web"}
    return tuple(
        Series(name, {"slo": slo, "instance": instance, **job}, f"{start}+{growth}x{HOURS}")
        for slo, factor in ((slug, 1), ("another", 3))
        for instance in _PROCESSES
        for name, (start, growth) in (
            (naming.EVENTS, _EVENTS),
            (naming.BAD_EVENTS, (bad[0], bad[1] * factor)),
        )
    )


def _of_another(windows: tuple[str, ...]) -> tuple[Series, ...]:
    of_windows = (
        Series(name, {"slo": "another", "window": window}, f"0.5x{HOURS}")
        for name in (naming.ERROR_RATIO, naming.BURN_RATE)
        for window in windows
    )
    return (*of_windows, Series(naming.BUDGET_LEFT, {"slo": "another"}, f"0.5x{HOURS}"))
