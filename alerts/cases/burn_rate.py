"""Tests of the burn-rate alerts: every objective, every window, and the guards that keep it quiet.

The numbers are the service-level arithmetic worked out here by hand (a share over the budget), not
read back from the rules.
"""

from decimal import Decimal

from alerts import naming
from alerts.cases.burn_rate_text import ExpectedText
from alerts.cases.model import Case, Fired, Kind, Probe, Series, Value, silent
from alerts.cases.traffic import (
    EVENTS_A_STEP,
    Phase,
    another_objective,
    good_elsewhere,
    outside_scope,
    series,
    without_buckets,
)
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.links import Links
from alerts.windows import BURN_WINDOWS, BurnWindow
from telemetry.catalog.objectives import Availability, Latency, Objective

_ABOVE = Decimal("1.02")
_BELOW = Decimal("0.98")
_MARGIN = 120
"""Seconds after its hold by which the alert must have fired; half of it before, it must not."""
_BUDGET_LEFT = "38.27% of the 30d budget is left, gone in 5h 30m 40s at the present speed"
_PERIOD = 30 * 86_400
_REPAIR = 600
"""Seconds of clean traffic that bring 2 % above a threshold back below it, in every window."""


def cases(objective: Objective, clock: Clock, links: Links) -> tuple[Case, ...]:
    """Return every case of an objective."""
    writer = _Writer(objective, clock, links)
    return (
        *(case for pair in BURN_WINDOWS for case in writer.of_window(pair)),
        writer.budget_left(),
        writer.long_window_holds_back(),
        writer.short_window_ends_it(),
        writer.uneven_traffic(),
        writer.low_traffic(),
        writer.never_failed(),
        writer.out_of_scope(),
        *writer.of_buckets(),
        writer.no_traffic(),
        writer.no_data(),
    )


class _Writer:
    """Builds the cases of one objective."""

    def __init__(self, objective: Objective, clock: Clock, links: Links) -> None:
        self._objective = objective
        self._text = ExpectedText(objective, links)
        self._alert = naming.burn_alert(objective)
        self._step = seconds(clock.evaluation_interval)
        self._budget = 1 - Decimal(str(objective.target))

    def of_window(self, pair: BurnWindow) -> tuple[Case, ...]:
        """Return: fires and resolves; silent just below."""
        threshold = pair.factor(self._objective.window_days) * self._budget
        hold = seconds(pair.hold)
        fault, mended = hold + _MARGIN + self._step, _REPAIR
        above, below = float(threshold * _ABOVE), float(threshold * _BELOW)
        almost = pair.factor(self._objective.window_days) * Decimal("0.97")
        subject = f"{self._alert} {pair.long}"
        return (
            Case(
                subject=subject,
                kinds=(Kind.FIRES, Kind.RESOLVES),
                title="2 % above the threshold for its hold, then 10 m of clean traffic",
                series=self._traffic((fault, above), (mended, 0.0)),
                probes=(
                    Probe(hold - _MARGIN // 2, self._alert),
                    Probe(
                        hold + _MARGIN,
                        self._alert,
                        (self._text.fired(pair, above, hold + _MARGIN),),
                    ),
                    Probe(fault + mended, self._alert),
                ),
            ),
            Case(
                subject=subject,
                kinds=(Kind.JUST_BELOW,),
                title="2 % below the threshold, not even pending",
                series=self._traffic((_REPAIR, below)),
                values=(
                    *(self._not_pending(pair, second) for second in (60, 300, _REPAIR)),
                    self._above(naming.BURN_RATE, pair.long, float(almost), _REPAIR),
                ),
            ),
        )

    def budget_left(self) -> Case:
        """Show that the speed is that of the hour, and the budget that of the whole period."""
        share = float(50 * self._budget)
        before = Phase(10, 0.0, 60 * EVENTS_A_STEP)
        pause = Phase(self._steps(3600 + 2 * 300), 0.0, 0)
        fault = Phase(8, share)
        second = (before.steps + pause.steps + fault.steps) * self._step
        fired = self._text.fired(BURN_WINDOWS[0], share, second)
        # 8 steps of 608 at 50 times the allowed speed spend 66 % of the budget (the last minute of
        # it counts by half as yet); 30 d of it last 720 h / 50 at that speed.
        budget = {"budget": _BUDGET_LEFT}
        return Case(
            subject=f"{self._alert} 1h",
            kinds=(Kind.FIRES,),
            title="the text says how long the budget lasts",
            series=series(self._objective, before, pause, fault),
            probes=(
                Probe(second, self._alert, (Fired(fired.labels, fired.annotations | budget),)),
            ),
            # 5 h 30 m 40 s, as the text says: the last hour had the same speed.
            values=(self._exhausted_within(second, 19_837, 19_843),),
        )

    def long_window_holds_back(self) -> Case:
        """Stay silent on a spike that the 5 m window sees and the 1 h window does not."""
        spike, calm = float(24 * self._budget), 3600
        return Case(
            subject=f"{self._alert} 1h",
            kinds=(Kind.GUARD,),
            title="a spike of 4 m after a quiet hour",
            series=self._traffic((calm, 0.0), (240, spike)),
            values=(
                self._not_pending(BURN_WINDOWS[0], calm + 240),
                self._above(naming.BURN_RATE, "5m", 14.4, calm + 240),
            ),
        )

    def short_window_ends_it(self) -> Case:
        """Stay silent when the hour is full of failures but the last 5 m are clean."""
        share = float(80 * self._budget)
        return Case(
            subject=f"{self._alert} 1h",
            kinds=(Kind.GUARD,),
            title="a fault that is over",
            series=self._traffic((300, share), (400, 0.0)),
            probes=(Probe(700, self._alert),),
            values=(
                self._above(naming.BURN_RATE, "1h", 14.4, 700),
                self._exhausted_within(700, 0, 0),
            ),
        )

    def uneven_traffic(self) -> Case:
        """Judge all events together: an idle process fails every one, a busy one none."""
        steps = self._steps(900)
        idle = series(self._objective, Phase(steps, 1.0, events=20), instance="idle:9464")
        busy = series(self._objective, Phase(steps, 0.0), instance="busy:9464")
        return Case(
            subject=self._alert,
            kinds=(Kind.GUARD,),
            title="an average of the processes' ratios would say 50 %",
            series=(*idle, *busy),
            values=(silent(self._alert, 900), self._above(naming.BAD_EVENTS_SUM, "1h", 10, 900)),
        )

    def low_traffic(self) -> Case:
        """Take five failures among a few requests for no incident, whatever their share."""
        return Case(
            subject=self._alert,
            kinds=(Kind.GUARD,),
            title="too few bad events to mean anything",
            series=series(
                self._objective,
                Phase(self._steps(3000), 0.0, events=0),
                Phase(self._steps(150), 0.5, events=2),
                Phase(self._steps(300), 0.0, events=2),
            ),
            values=(
                silent(self._alert, 3150),
                silent(self._alert, 3300),
                self._above(naming.BURN_RATE, "1h", 14.4, 3300),
                self._above(naming.BURN_RATE, "5m", 14.4, 3300),
            ),
        )

    def never_failed(self) -> Case:
        """Take a process that never failed for 0, not for unknown."""
        ratio = self._of(naming.ERROR_RATIO, "1h")
        return Case(
            subject=self._alert,
            kinds=(Kind.ABSENT,),
            title="no event was ever bad",
            series=(*self._traffic((900, 0.0)), *another_objective("web:9464")),
            values=(
                silent(self._alert, 900),
                Value(900, ratio, ((ratio, 0.0),)),
                self._exhausted_within(900, _PERIOD, _PERIOD),
            ),
        )

    def out_of_scope(self) -> Case:
        """Stay silent on failures that the objective does not speak of."""
        counted = f'{naming.EVENTS}{{slo="{self._objective.slug}"}}'
        return Case(
            subject=self._alert,
            kinds=(Kind.GUARD,),
            title="all that fails is outside the objective",
            series=outside_scope(self._objective, self._steps(900)),
            values=(
                silent(self._alert, 300),
                silent(self._alert, 900),
                # What is inside, all of it good, is all that counts: two steps a minute.
                Value(900, f"round(sum({counted}))", (("{}", 2.0 * EVENTS_A_STEP),)),
            ),
        )

    def of_buckets(self) -> tuple[Case, ...]:
        """Take for good only what a bucket of its own says; loud, where silence would be wrong."""
        if isinstance(self._objective.indicator, Availability):
            return ()
        steps, every = self._steps(600), 2.0 * EVENTS_A_STEP
        bad = f'round(sum({naming.BAD_EVENTS}{{slo="{self._objective.slug}"}}))'
        missing = Case(
            subject=self._alert,
            kinds=(Kind.GUARD,),
            title="the bucket is not there: nothing was in time",
            series=(
                *without_buckets(self._objective, steps),
                *another_objective("web:9464"),
            ),
            values=(Value(600, bad, (("{}", every),)),),
        )
        if not isinstance(self._objective.indicator, Latency):
            return (missing,)
        elsewhere = Case(
            subject=self._alert,
            kinds=(Kind.GUARD,),
            title="good events outside its scope make up for no bad one",
            series=(*self._traffic((600, 1.0)), *good_elsewhere(self._objective, steps)),
            values=(Value(600, bad, (("{}", every),)),),
        )
        return (missing, elsewhere)

    def no_traffic(self) -> Case:
        """Take a share of nothing for no share."""
        return Case(
            subject=self._alert,
            kinds=(Kind.NO_TRAFFIC,),
            title="counters stand still",
            series=series(self._objective, Phase(self._steps(900), 0.0, events=0)),
            values=(
                silent(self._alert, 900),
                Value(900, self._of(naming.ERROR_RATIO, "1h"), ()),
            ),
        )

    def no_data(self) -> Case:
        """Leave it to TargetDown when nothing is scraped."""
        return Case(
            subject=self._alert,
            kinds=(Kind.ABSENT,),
            title="nothing is scraped",
            series=(),
            values=(silent(self._alert, 900),),
        )

    def _traffic(self, *phases: tuple[int, float]) -> tuple[Series, ...]:
        """Return the series of one process: for so many seconds, such a share is bad."""
        return series(
            self._objective, *(Phase(self._steps(length), share) for length, share in phases)
        )

    def _steps(self, for_seconds: int) -> int:
        return for_seconds // self._step

    def _of(self, name: str, window: str) -> str:
        return f'{name}{{slo="{self._objective.slug}", window="{window}"}}'

    def _above(self, name: str, window: str, limit: float, second: int) -> Value:
        """Say that the condition that the guard outweighs is really met."""
        labels = f'{{slo="{self._objective.slug}", window="{window}"}}'
        return Value(second, f"{self._of(name, window)} > bool {limit:g}", ((labels, 1.0),))

    def _exhausted_within(self, second: int, least: int, most: int) -> Value:
        """Say how long the budget lasts, in seconds."""
        labels = f'{{slo="{self._objective.slug}"}}'
        lasts = f"{naming.EXHAUSTION}{labels}"
        both = f"({lasts} >= bool {least}) * ({lasts} <= bool {most})"
        return Value(second, both, ((labels, 1.0),))

    def _not_pending(self, pair: BurnWindow, second: int) -> Value:
        """Say it of one window: the slower ones may well be pending."""
        alerts = f'ALERTS{{alertname="{self._alert}", window="{pair.long}"}}'
        return Value(second, alerts, ())
