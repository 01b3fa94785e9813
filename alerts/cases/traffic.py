"""Traffic for the tests: what an objective's histogram shows while shares of it are bad.

Written against the objectives by hand, not through `promql`, so that a wrong selector there fails.
"""

from dataclasses import dataclass
from typing import Final

from alerts.cases.model import Run, Series
from telemetry.catalog.objectives import Latency, Objective

EVENTS_A_STEP: Final = 100_000
"""Enough that the smallest share of interest is a whole number of events."""

_COUNT: Final = "http_server_request_duration_seconds_count"
_BUCKET: Final = "http_server_request_duration_seconds_bucket"
_CHECK: Final = {
    "job": "sightline-web",
    "http_request_method": "POST",
    "http_route": "/permissions/check",
}


@dataclass(frozen=True, slots=True)
class Phase:
    """So many steps in which `share` of `events` a step are bad."""

    steps: int
    share: float
    events: int = EVENTS_A_STEP


def series(objective: Objective, *phases: Phase, instance: str = "web:9464") -> tuple[Series, ...]:
    """Return what one process exposes during the phases."""
    good = tuple(Run(phase.steps, phase.events - _bad(phase)) for phase in phases)
    bad = tuple(Run(phase.steps, _bad(phase)) for phase in phases)
    if isinstance(objective.indicator, Latency):
        every = tuple(Run(phase.steps, phase.events) for phase in phases)
        return _timed({**_CHECK, "instance": instance}, every, good)
    never_failed = all(run.increase == 0 for run in bad)
    good_series = _answers("200", good, instance)
    return (good_series,) if never_failed else (good_series, _answers("503", bad, instance))


def outside_scope(objective: Objective, steps: int) -> tuple[Series, ...]:
    """Return events as bad as can be, none of which the objective is about."""
    runs, none = (Run(steps, EVENTS_A_STEP),), (Run(steps, 0),)
    own = {**_CHECK, "instance": "web:9464"}
    other_job = {**_CHECK, "instance": "elsewhere:9464", "job": "another-service"}
    if isinstance(objective.indicator, Latency):
        return (
            *_timed({**own, "http_route": "/reports"}, runs, none),
            *_timed(other_job, runs, none),
            *_timed(own, runs, runs),
        )
    failed = {"http_response_status_code": "503"}
    return (
        Series.counter(_COUNT, {**own, **failed, "http_route": "/readyz"}, runs),
        Series.counter(_COUNT, {**other_job, **failed}, runs),
        _answers("404", runs, "web:9464"),
    )


def _timed(
    labels: dict[str, str], every: tuple[Run, ...], fast: tuple[Run, ...]
) -> tuple[Series, ...]:
    """Return the count and the buckets around 0.1 s; what is slow took between 0.1 and 0.25 s."""
    labels = {**labels, "http_response_status_code": "200"}
    bounds = {"0.075": fast, "0.1": fast, "0.25": every, "0.5": every, "+Inf": every}
    buckets = (Series.counter(_BUCKET, {**labels, "le": le}, runs) for le, runs in bounds.items())
    return (Series.counter(_COUNT, labels, every), *buckets)


def _answers(status: str, runs: tuple[Run, ...], instance: str) -> Series:
    labels = {**_CHECK, "instance": instance, "http_response_status_code": status}
    return Series.counter(_COUNT, labels, runs)


def _bad(phase: Phase) -> int:
    return round(phase.share * phase.events)
