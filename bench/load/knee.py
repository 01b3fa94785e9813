"""The steps: light load, up to the knee and one past it, half the knee, and all it can take.

The knee is `bench.knee`'s: the last share of the saturated rate at which the p99 of a single check,
whose caller waits for it before anything else, is at most twice that of light load. A step is
several stretches with the median of their quantiles.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from bench import knee
from bench.load import client
from bench.load.client import Counted, Route, Tally
from bench.load.mix import CHECK, Mix
from bench.load.rig import Rig
from bench.load.utilisation import LOAD, Utilisation, between, read

STEPS: Final = tuple(percent / 100 for percent in range(25, 100, 5))
SATURATED: Final = "every connection busy"
HALF: Final = "half the knee"
_HUNDRED: Final = 100
_CHECK: Final = ("POST", CHECK)


@dataclass(frozen=True, slots=True)
class Effort:
    """How many stretches a step has, and their length in seconds."""

    stretches: int = 3
    seconds: float = 4.0


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How long the requests of one kind took, in seconds."""

    requests: int
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Step:
    """A load and what came of it. Rates are a second, latencies seconds from the meant moment.

    `rate` is what was asked for, None where every connection was kept busy. `failed` are answers
    from 500 up, `lost` those of a proxy, and none at all. `late` is the p99 of the load's delay.
    """

    name: str
    rate: float | None
    answered: float
    requests: int
    p50: float
    p99: float
    check_p99: float
    late: float
    failed: int
    lost: int
    used: Utilisation
    counts: Counter[Counted] = field(default_factory=Counter, repr=False)
    routes: Mapping[Route, Quantiles] = field(default_factory=dict, repr=False)

    @property
    def cpu_a_request(self) -> float:
        """Return the CPU seconds of the whole platform that a request cost; the load's left out."""
        cores = sum(used for name, used in self.used.cores.items() if name != LOAD)
        return cores * self.used.seconds / self.requests

    def as_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            **{
                name: value
                for name, value in asdict(self).items()
                if name not in {"counts", "routes"}
            },
            "routes": {" ".join(route): asdict(found) for route, found in self.routes.items()},
            "used": self.used.as_json(),
            "cpu_a_request": self.cpu_a_request,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """The knee in requests a second, and the steps to it in the order of their rates."""

    knee: float
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        """Return the step of that name."""
        return next(each for each in self.steps if each.name == name)

    def as_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return {"knee": self.knee, "steps": [each.as_json() for each in self.steps]}


def search(rig: Rig, mix: Mix, effort: Effort, tell: Callable[[Step], None]) -> Found:
    """Warm up, measure what it can take, and go up to the knee."""
    client.saturate(rig.port, effort.seconds, mix.draw)
    steps = [saturated(rig, mix, effort)]
    most = steps[0].answered
    tell(steps[0])

    def p99_at(share: float) -> float:
        steps.append(paced(rig, mix, share * most, f"{share:.0%} of that", effort))
        tell(steps[-1])
        return steps[-1].check_p99

    found = knee.knee_of(p99_at, STEPS) * most
    steps.append(paced(rig, mix, found / 2, HALF, effort))
    tell(steps[-1])
    return Found(found, tuple(sorted(steps, key=lambda step: step.rate or float("inf"))))


def paced(rig: Rig, mix: Mix, rate: float, name: str, effort: Effort) -> Step:
    """Measure a step of an open loop."""
    return _measured(
        rig, name, rate, effort, lambda: client.pace(rig.port, mix.schedule(rate, effort.seconds))
    )


def saturated(rig: Rig, mix: Mix, effort: Effort) -> Step:
    """Measure what is answered with every connection kept busy."""
    return _measured(
        rig, SATURATED, None, effort, lambda: client.saturate(rig.port, effort.seconds, mix.draw)
    )


def _measured(
    rig: Rig, name: str, rate: float | None, effort: Effort, load: Callable[[], Tally]
) -> Step:
    before = read(rig)
    tallies = [load() for _ in range(effort.stretches)]
    return step_of(name, rate, tallies, between(before, read(rig)))


def step_of(name: str, rate: float | None, tallies: Sequence[Tally], used: Utilisation) -> Step:
    """Return the step that these stretches make."""
    statuses = sum((tally.counts for tally in tallies), Counter())
    routes: defaultdict[Route, list[float]] = defaultdict(list)
    for tally in tallies:
        for route, latencies in tally.by_route.items():
            routes[route] += latencies
    return Step(
        name=name,
        rate=rate,
        answered=statistics.median(tally.answered / tally.seconds for tally in tallies),
        requests=statuses.total(),
        p50=statistics.median(quantile(tally.latencies, 50) for tally in tallies),
        p99=statistics.median(quantile(tally.latencies, 99) for tally in tallies),
        check_p99=statistics.median(quantile(tally.by_route[_CHECK], 99) for tally in tallies),
        late=statistics.median(quantile(tally.late, 99) for tally in tallies),
        failed=sum(tally.failed for tally in tallies),
        lost=sum(tally.proxied + tally.broken for tally in tallies),
        used=used,
        counts=statuses,
        routes={
            route: Quantiles(len(found), quantile(found, 50), quantile(found, 99))
            for route, found in sorted(routes.items(), key=lambda each: -len(each[1]))
        },
    )


def quantile(values: Sequence[float], percent: int) -> float:
    """Return a percentile; of one value, that value."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=_HUNDRED, method="inclusive")[percent - 1]
