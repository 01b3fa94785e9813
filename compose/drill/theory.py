"""Within what time an alert is told by its rule: what it waits for, and who passes it on.

An alert is told once its shortest window is full of the fault, or what it measures has come to be
so old as the rule allows, the condition has held for its `for`, a scrape and an evaluation have
come by, and Alertmanager has waited for the group's others. A grave fault passes the threshold
before the window is full of it, so many are told sooner.

What a rule only compares with (`min_over_time` of the hours before, an `offset`) is no window that
has to fill.
"""

import re
from collections.abc import Iterable
from typing import Final

from alerts import alertmanager, build, naming
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.receivers import Receivers
from alerts.rules import AlertRule, alerts_of
from alerts.windows import BURN_WINDOWS
from compose.faults.model import Told

_RANGE: Final = re.compile(r"\[([0-9dhms]+)\](?!\s*offset)")
_LOOK_BACK: Final = re.compile(r"(?:min|max)_over_time\([^\[\]]*\[[0-9dhms]+\]\)")
_AGE: Final = re.compile(
    r"(?:(?:min|max)\s*(?:by\s*\([^)]*\)\s*)?\(\s*)?\w+_seconds(?:\{[^}]*\})?\s*\)?\s*>\s*(\d+)"
)
"""A rule that is an age and its limit, and nothing else: it grows by a second a second."""


class Theory:
    """The soonest at one time scale; all results are in seconds."""

    def __init__(self, scale: int) -> None:
        self._clock = Clock(scale)
        self._rules = alerts_of(build.groups(build.Options(clock=self._clock)))
        route = alertmanager.configuration(self._clock, Receivers())["route"]
        self._group_wait = seconds(route["group_wait"])
        self._group_interval = seconds(route["group_interval"])

    @property
    def evaluation(self) -> int:
        """The evaluation interval."""
        return seconds(self._clock.evaluation_interval)

    @property
    def group_interval(self) -> int:
        """How long an alert may wait whose group was told already."""
        return self._group_interval

    def of_fault(self, expected: Iterable[Told]) -> int:
        """Return when the first of the expected alerts can be told."""
        return min(self.of_alert(told) for told in expected)

    def of_alert(self, told: Told) -> int:
        """Return when the alert can be told: by the quickest of its rules."""
        return min(self.of_rule(rule) for rule in self._rules if rule.name == told.name)

    def of_rule(self, rule: AlertRule) -> int:
        """Return when this rule can be told."""
        hold = seconds(rule.hold) if rule.hold else 0
        scrape = seconds(self._clock.scrape_interval)
        waits = self._shortest_window(rule) + limit(rule.expression)
        return waits + hold + scrape + self.evaluation + self._group_wait

    def _shortest_window(self, rule: AlertRule) -> int:
        if naming.WINDOW in rule.labels:
            shorts = {pair.long: pair.short for pair in BURN_WINDOWS}
            return seconds(self._clock.window(shorts[rule.labels[naming.WINDOW]]))
        filled = _RANGE.findall(_LOOK_BACK.sub("", rule.expression))
        return min((seconds(text) for text in filled), default=0)


def limit(expression: str) -> int:
    """Return how old something must be for the rule, in seconds; 0 for a rule of another kind."""
    found = _AGE.fullmatch(expression.strip())
    return int(found[1]) if found else 0
