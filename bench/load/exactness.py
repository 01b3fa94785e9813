"""Whether the platform's counts over all replicas are the client's own: exactly, or which are not.

Three statements, from raw to derived. Of the counters: per method, route and status their sum over
the instances is what the client was answered. Of the objective's indicator, made of those counters
by the very selectors of the rules: its failed and its whole are the client's, as integers. Of the
series that the rules record over time: `increase` extrapolates from the scrapes, so it is a ratio
with an error, and the ratio times the requests must lie within half a request of those that failed.

That tolerance is absolute, and it is met because the failures are few: the error is relative, a
percent or two of them, and of a hundred failures it would be more than half a one. It is printed.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from alerts import naming, promql, recorded
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.windows import BASE
from app.objectives import API_AVAILABILITY
from bench.client import LoadError
from bench.load import client
from bench.load.client import Counted, Tally
from bench.load.counters import Prometheus
from bench.load.mix import Mix
from bench.load.rig import SCALE, Rig
from telemetry.catalog.objectives import Availability

JOB: Final = "sightline-web"
_HALF: Final = 0.5
RATE: Final = 150.0
STRETCH: Final = 4.0
"""Requests a second, and for how many seconds: hundreds, of which some fail."""
_MOMENTS_REFUSED: Final = 5
"""In a stretch. Of more failures the recorded ratio's own error would be more than half a one."""
_REFUSED_BEFORE: Final = 0.1
_FAILED_BEFORE: Final = 10
"""Of each replica: enough that `increase` extrapolates its failures as it does its requests."""
_PATIENCE_SECONDS: Final = 90.0
_SETTLING_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.25
_BASE_SECONDS: Final = seconds(Clock(SCALE).window(BASE))


@dataclass(frozen=True, slots=True)
class Exactness:
    """What was compared; `differences` names every count that differs.

    `recorded` is the error ratio that the rules recorded, of the `requests` of which `failed`.
    """

    instances: int
    requests: int
    failed: int
    differences: tuple[str, ...]
    recorded: float

    @property
    def deviation(self) -> float:
        """By how many requests the recorded ratio is off."""
        return self.recorded * self.requests - self.failed

    @property
    def relative_error(self) -> float:
        """The deviation as a share of the failures: what does not depend on how few they are."""
        return self.deviation / self.failed if self.failed else 0.0

    @property
    def is_exact(self) -> bool:
        """Whether every count is the client's, and the recorded ratio rounds to it."""
        return not self.differences and abs(self.deviation) < _HALF

    def as_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            **asdict(self),
            "deviation": self.deviation,
            "relative_error": self.relative_error,
            "exact": self.is_exact,
        }


def compare(rig: Rig, rate: float = RATE, stretch: float = STRETCH) -> Exactness:
    """Load the replicas for `stretch` seconds at the rate, and compare once all is scraped.

    Every replica has failed before Prometheus starts: of a series that is new to it, `increase`
    does not see how it came to its first sample.
    """
    warm = _all_have_failed(rig, rate)
    rig.watch()
    prometheus = Prometheus(rig.prometheus)
    _wait(lambda: _scraped_for_a_window(prometheus, len(rig.replicas)), "a whole window of scrapes")
    mix = Mix(rig.plan.api_key, refused=_MOMENTS_REFUSED / (rate * stretch))
    measured = client.pace(rig.port, mix.schedule(rate, stretch))
    everything = warm.counts + measured.counts
    settled(prometheus, everything.total())
    time.sleep(_BASE_SECONDS + 2)  # until no window holds any of it
    differences = [
        *differences_of(everything, prometheus.requests(JOB)),
        *_indicator(prometheus, everything),
        *(f"{tally.proxied} answers of the proxy" for tally in (warm, measured) if tally.proxied),
        *(f"{tally.broken} without answer" for tally in (warm, measured) if tally.broken),
    ]
    return Exactness(
        instances=len(prometheus.vector(f'up{{job="{JOB}"}} == 1')),
        requests=measured.answered,
        failed=measured.failed,
        differences=tuple(differences),
        recorded=prometheus.number(_recorded()),
    )


def settled(prometheus: Prometheus, total: int) -> Counter[Counted]:
    """Return the counters once they add up to `total`; what they are where they do not."""
    deadline = time.monotonic() + _SETTLING_SECONDS
    while (found := prometheus.requests(JOB)).total() != total and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return found


def differences_of(ours: Counter[Counted], theirs: Counter[Counted]) -> list[str]:
    """Return a line for each count that is not the same on both sides."""
    return [
        f"{' '.join(map(str, key))}: the client has {ours[key]}, the counters {theirs[key]}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours[key] != theirs[key]
    ]


def _indicator(prometheus: Prometheus, everything: Counter[Counted]) -> list[str]:
    """Compare the objective's own numerator and denominator, by the selectors of its rules."""
    indicator = API_AVAILABILITY.indicator
    if not isinstance(indicator, Availability):
        message = "the availability objective has another indicator"
        raise TypeError(message)
    whole = promql.total(indicator.metric, (JOB,), *indicator.scope)
    bad = promql.total(indicator.metric, (JOB,), *indicator.scope, *indicator.bad)
    ours = Tally(counts=everything)
    return [
        f"{name}: the client has {own}, the indicator {found:g}"
        for name, own, selector in (("all", ours.answered, whole), ("failed", ours.failed, bad))
        if (found := prometheus.number(f"sum({selector})")) != own
    ]


def _recorded() -> str:
    period = f"{API_AVAILABILITY.window_days}d"
    return recorded.selector(naming.ERROR_RATIO, API_AVAILABILITY, period)


def _all_have_failed(rig: Rig, rate: float) -> Tally:
    """Ask each replica itself until it has refused some; return the sum of what was answered."""
    mix = Mix(rig.plan.api_key, seed=1, refused=_REFUSED_BEFORE)
    total = Tally()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for replica in rig.replicas:
        failed = 0
        while failed < _FAILED_BEFORE:
            tally = client.pace(replica.port, mix.schedule(rate, 1.0))
            failed += tally.failed
            total.counts += tally.counts
            total.broken += tally.broken
            if time.monotonic() > deadline:
                message = f"{replica.name} refuses nothing"
                raise LoadError(message)
    return total


def _scraped_for_a_window(prometheus: Prometheus, instances: int) -> bool:
    scrapes = f'count_over_time(up{{job="{JOB}"}}[{_BASE_SECONDS + 1}s]) >= {_BASE_SECONDS}'
    return prometheus.number(f"count({scrapes})") == instances


def _wait(until: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not until():
        if time.monotonic() > deadline:
            message = f"Prometheus does not have {what}"
            raise LoadError(message)
        time.sleep(_POLL_SECONDS)
