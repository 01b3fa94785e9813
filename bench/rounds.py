"""Two running servers in turn: short slices, fresh servers each round, the median of all pairs."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.client import Slice
from bench.processes import Cores, Running, running
from bench.rows import Row

_WARM_SECONDS: Final = 0.15
_BUSY: Final = 0.95


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int = 3
    pairs: int = 30
    slice_seconds: float = 0.05
    paced_pairs: int = 4
    paced_seconds: float = 0.3


@dataclass(frozen=True, slots=True)
class Match:
    """Who runs against whom, in which setting."""

    name: str
    variant: str
    baseline: str
    sampling: float = 1.0
    store: str = ""


@dataclass(slots=True)
class _Side:
    """What one side's servers did, over all rounds."""

    slices: list[Slice] = field(default_factory=list)
    paced: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def rates(self) -> list[float]:
        return [each.requests / each.seconds for each in self.slices]

    def latencies(self) -> list[float]:
        return [latency for each in self.slices for latency in each.latencies]

    def cpu_per_request(self) -> float:
        return self.cpu_seconds / sum(each.requests for each in self.slices)

    def busy(self) -> float:
        """Return the share of the time in which the server's CPU worked."""
        return self.cpu_seconds / sum(each.seconds for each in self.slices)


def play(match: Match, cores: Cores, effort: Effort) -> Row:
    """Run every round of the match; return its row."""
    own, other = _Side(), _Side()
    for number in range(effort.rounds):
        with (
            running(match.variant, cores, sampling=match.sampling, store=match.store) as ours,
            running(match.baseline, cores, store=match.store) as theirs,
        ):
            _round(((ours, own), (theirs, other)), effort, number)
        own.problems += ours.problems
        other.problems += theirs.problems
    return _row(match, own, other)


def _round(sides: Sequence[tuple[Running, _Side]], effort: Effort, number: int) -> None:
    rates = []
    for server, _ in sides:
        with server.awake() as client:
            client.saturate(_WARM_SECONDS)
            warm = client.saturate(_WARM_SECONDS)
            rates.append(warm.requests / warm.seconds)
    before = [server.cpu_seconds() for server, _ in sides]
    for pair in range(effort.pairs):
        order = sides if (pair + number) % 2 else sides[::-1]
        for server, side in order:
            with server.awake() as client:
                side.slices.append(client.saturate(effort.slice_seconds))
    for (server, side), start in zip(sides, before, strict=True):
        side.cpu_seconds += server.cpu_seconds() - start
    half_the_knee = rates[-1] / 2
    if rates[0] < 1.1 * half_the_knee:
        return  # it cannot keep up: a queue without end has no quantiles
    for pair in range(effort.paced_pairs):
        for server, side in sides:
            with server.awake() as client:
                seed = number * effort.paced_pairs + pair
                paced = client.pace(half_the_knee, effort.paced_seconds, seed)
                side.paced += paced.latencies


def _row(match: Match, own: _Side, other: _Side) -> Row:
    ratios = [mine / theirs for mine, theirs in zip(own.rates(), other.rates(), strict=True)]
    measured_by, factor = _basis(own.busy(), other.busy())
    q1, median, q3 = (quantile * factor for quantile in statistics.quantiles(ratios, n=4))
    added = own.cpu_per_request() - other.cpu_per_request()
    return Row(
        match.name,
        match.baseline,
        median,
        q1,
        q3,
        len(ratios),
        added * 1e6,
        {
            "measured_by": measured_by,
            "cpu_ratio": other.cpu_per_request() / own.cpu_per_request(),
            "cpu_us": own.cpu_per_request() * 1e6,
            "busy": own.busy(),
            "baseline_busy": other.busy(),
            "p50_ratio": _quantile_ratio(own.latencies(), other.latencies(), 50),
            "p99_ratio": _quantile_ratio(own.latencies(), other.latencies(), 99),
            "p50_ratio_half_knee": _quantile_ratio(own.paced, other.paced, 50),
            "p99_ratio_half_knee": _quantile_ratio(own.paced, other.paced, 99),
        },
        (*own.problems, *other.problems),
    )


def _basis(busy: float, baseline_busy: float) -> tuple[str, float]:
    """Return by what the ratio is measured, and the factor on the ratio of requests a second.

    Where a server's core was not busy throughout, the load or the machine was the limit: then the
    ratio is that of requests a second of CPU, which is what a core kept busy would have served.
    """
    if min(busy, baseline_busy) >= _BUSY:
        return "time", 1.0
    return "cpu", baseline_busy / busy


def _quantile_ratio(own: list[float], other: list[float], percent: int) -> float | None:
    if min(len(own), len(other)) < 2:  # noqa: PLR2004  # too few for a quantile
        return None
    mine, theirs = (statistics.quantiles(each, n=100)[percent - 1] for each in (own, other))
    return mine / theirs
