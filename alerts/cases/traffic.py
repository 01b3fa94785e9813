"""Traffic for the tests: what an objective's series show while shares of its events are bad.

Written against the objectives by hand, not through `promql`, so that a wrong selector there fails.
"""

from dataclasses import dataclass
from typing import Final

from alerts.cases.model import Run, Series
from telemetry.catalog.declarations import DeclarationError
from telemetry.catalog.objectives import Objective

EVENTS_A_STEP: Final = 100_000
"""Enough that the smallest share of interest is a whole number of events."""

_COUNT: Final = "http_server_request_duration_seconds_count"
_DELIVERY: Final = "report_delivery_time_seconds"
_FINISHED: Final = "report_jobs_finished_total"
_CHECK: Final = {
    "job": "sightline-web",
    "http_request_method": "POST",
    "http_route": "/permissions/check",
}
_ANSWERED: Final = {**_CHECK, "http_response_status_code": "200"}
_WORKER: Final = {"job": "sightline-worker"}
_DEAD: Final = {"report_outcome": "dead"}
_ELSEWHERE: Final = {"instance": "elsewhere:9464", "job": "another-service"}


@dataclass(frozen=True, slots=True)
class Phase:
    """So many steps in which `share` of `events` a step are bad."""

    steps: int
    share: float
    events: int = EVENTS_A_STEP

    @property
    def bad(self) -> int:
        """How many are bad in a step."""
        return round(self.share * self.events)

    @property
    def lost(self) -> int:
        """Those of the bad that never come to an end, where an objective knows such."""
        return self.bad // 2


@dataclass(frozen=True, slots=True)
class _Timed:
    """A histogram: the bounds up to which the good ones count, and those that the bad reach."""

    name: str
    labels: dict[str, str]
    good_bounds: tuple[str, ...]
    bad_bounds: tuple[str, ...]

    def series(
        self, labels: dict[str, str], every: tuple[Run, ...], good: tuple[Run, ...]
    ) -> tuple[Series, ...]:
        """Return the count and the buckets around the threshold."""
        bounds = dict.fromkeys(self.good_bounds, good) | dict.fromkeys(self.bad_bounds, every)
        buckets = (
            Series.counter(f"{self.name}_bucket", {**labels, "le": le}, runs)
            for le, runs in bounds.items()
        )
        return (Series.counter(f"{self.name}_count", labels, every), *buckets)


_TIMED: Final = {
    "check-latency": _Timed(
        "http_server_request_duration_seconds",
        _ANSWERED,
        ("0.075", "0.1"),
        ("0.25", "0.5", "+Inf"),
    ),
    "report-delivery": _Timed(_DELIVERY, _WORKER, ("60.0", "300.0"), ("900.0", "+Inf")),
    "audit-sealing": _Timed(
        "audit_sealing_time_seconds", _WORKER, ("30.0", "60.0"), ("300.0", "+Inf")
    ),
}


def series(objective: Objective, *phases: Phase, instance: str = "web:9464") -> tuple[Series, ...]:
    """Return what one process exposes during the phases."""
    good = tuple(Run(phase.steps, phase.events - phase.bad) for phase in phases)
    if objective.slug == "api-availability":
        bad = tuple(Run(phase.steps, phase.bad) for phase in phases)
        return (_answers("200", good, instance), *_if_any(_answers("503", bad, instance), bad))
    timed = _timed(objective)
    labels = {**timed.labels, "instance": instance}
    if objective.slug != "report-delivery":
        every = tuple(Run(phase.steps, phase.events) for phase in phases)
        return timed.series(labels, every, good)
    through = tuple(Run(phase.steps, phase.events - phase.lost) for phase in phases)
    lost = tuple(Run(phase.steps, phase.lost) for phase in phases)
    dead = Series.counter(_FINISHED, {**labels, **_DEAD}, lost)
    return (*timed.series(labels, through, good), *_if_any(dead, lost))


def _timed(objective: Objective) -> _Timed:
    if objective.slug not in _TIMED:
        message = f"no traffic is known of the objective {objective.slug!r}: say so in {__name__}"
        raise DeclarationError(message)
    return _TIMED[objective.slug]


def outside_scope(objective: Objective, steps: int) -> tuple[Series, ...]:
    """Return events as bad as can be, none of which the objective is about."""
    runs, none = (Run(steps, EVENTS_A_STEP),), (Run(steps, 0),)
    here = {"instance": "web:9464"}
    if objective.slug == "api-availability":
        failed = {**_CHECK, **here, "http_response_status_code": "503"}
        return (
            Series.counter(_COUNT, {**failed, "http_route": "/readyz"}, runs),
            Series.counter(_COUNT, {**failed, **_ELSEWHERE}, runs),
            _answers("404", runs, "web:9464"),
        )
    timed = _timed(objective)
    own = {**timed.labels, **here}
    elsewhere = timed.series({**own, **_ELSEWHERE}, runs, none)
    if "http_route" in timed.labels:
        other = timed.series({**own, "http_route": "/reports"}, runs, none)
    else:
        other = tuple(
            Series.counter(_FINISHED, {**own, "report_outcome": outcome}, runs)
            for outcome in ("retried", "cancelled")
        )
    return (*other, *elsewhere, *timed.series(own, runs, runs))


def another_objective(instance: str) -> tuple[Series, ...]:
    """Return what is recorded of another objective in the same processes."""
    return tuple(
        Series(
            "instance:slo_events:increase1m",
            {"slo": "another", "job": job, "instance": instance},
            "7x60",
        )
        for job in ("sightline-web", "sightline-worker")
    )


def without_buckets(
    objective: Objective, steps: int, instance: str = "web:9464"
) -> tuple[Series, ...]:
    """Return a timed objective's events with no bucket at all: none is known to be in time."""
    timed = _timed(objective)
    labels = {**timed.labels, "instance": instance}
    return (Series.counter(f"{timed.name}_count", labels, (Run(steps, EVENTS_A_STEP),)),)


def good_elsewhere(objective: Objective, steps: int) -> tuple[Series, ...]:
    """Return what is timed by the same metric, on a route that the objective does not speak of."""
    timed, runs = _timed(objective), (Run(steps, 10 * EVENTS_A_STEP),)
    labels = {**timed.labels, "instance": "web:9464", "http_route": "/reports"}
    return timed.series(labels, runs, runs)


def _if_any(counter: Series, runs: tuple[Run, ...]) -> tuple[Series, ...]:
    """Return the series, or none: what never happened was never counted."""
    return (counter,) if any(run.increase for run in runs) else ()


def _answers(status: str, runs: tuple[Run, ...], instance: str) -> Series:
    labels = {**_CHECK, "instance": instance, "http_response_status_code": status}
    return Series.counter(_COUNT, labels, runs)
