"""Two running servers in turn: short slices, fresh servers each round, the median of all pairs."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench import paced
from bench.client import Slice
from bench.cpu import LAYERS
from bench.paced import Quantiles
from bench.processes import Cores, Running, running
from bench.rows import HALF_LOAD_P99, OVERLOADED, Figure, Row

_WARM_SECONDS: Final = 0.15
_BUSY: Final = 0.95
_FEWEST_SAMPLES: Final = 20_000
_FEWEST_PAIRS: Final = 12


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int = 3
    pairs: int = 30
    slice_seconds: float = 0.05
    paced_pairs: int = 12
    paced_seconds: float = 0.2


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
    cpu: list[float] = field(default_factory=list)
    layers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LAYERS, 0.0))
    problems: list[str] = field(default_factory=list)

    def add(self, taken: Slice, before: dict[str, float], after: dict[str, float]) -> None:
        self.slices.append(taken)
        used = {layer: after[layer] - before[layer] for layer in LAYERS}
        self.cpu.append(sum(used.values()) / taken.requests)
        for layer in LAYERS:
            self.layers[layer] += used[layer]

    def rates(self) -> list[float]:
        return [each.requests / each.seconds for each in self.slices]

    def latencies(self) -> list[float]:
        return [latency for each in self.slices for latency in each.latencies]

    def per_request(self) -> dict[str, float]:
        """Return microseconds of CPU a request, by layer."""
        requests = sum(each.requests for each in self.slices)
        return {layer: seconds / requests * 1e6 for layer, seconds in self.layers.items()}

    def cpu_us(self) -> float:
        return sum(self.per_request().values())

    def busy(self) -> float:
        """Return the share of the time in which the server's CPU worked."""
        return sum(self.layers.values()) / sum(each.seconds for each in self.slices)


def play(match: Match, cores: Cores, effort: Effort, rate: float | None = None) -> Row:
    """Run every round of the match; return its row.

    `rate` is the number of requests a second for the latencies at half load; None: not measured.
    """
    own, other, quantiles = _Side(), _Side(), Quantiles()
    for number in range(effort.rounds):
        with (
            running(match.variant, cores, sampling=match.sampling, store=match.store) as ours,
            running(match.baseline, cores, store=match.store) as theirs,
        ):
            _round(((ours, own), (theirs, other)), effort, number)
            recent = statistics.median(own.rates()[-effort.pairs :])
            if rate and paced.sustains(recent, rate):
                load = paced.Load(rate, effort.paced_seconds, effort.paced_pairs)
                paced.pace(ours, theirs, load, quantiles)
        own.problems += ours.problems
        other.problems += theirs.problems
    return _row(match, own, other, _half_load(quantiles, rate))


def _round(sides: Sequence[tuple[Running, _Side]], effort: Effort, number: int) -> None:
    for server, _ in sides:
        with server.awake() as client:
            client.saturate(2 * _WARM_SECONDS)
    for pair in range(effort.pairs):
        order = sides if (pair + number) % 2 else sides[::-1]
        for server, side in order:
            before = server.cpu.seconds()
            with server.awake() as client:
                taken = client.saturate(effort.slice_seconds)
            side.add(taken, before, server.cpu.seconds())


def _half_load(quantiles: Quantiles, rate: float | None) -> dict[str, float | str | None]:
    """Return the figures of the paced pairs; `OVERLOADED` where there was no such pair."""
    if rate is None:
        return {}
    found: dict[str, float | str | None] = {
        "half_knee_rate": rate,
        "half_knee_pairs": float(len(quantiles.p99)),
        "half_knee_samples": float(quantiles.samples),
        "half_knee_disturbed": float(quantiles.disturbed),
    }
    if not quantiles.p99 and not quantiles.disturbed:
        return {**found, HALF_LOAD_P99: OVERLOADED}
    if quantiles.samples < _FEWEST_SAMPLES or len(quantiles.p99) < _FEWEST_PAIRS:
        return {**found, HALF_LOAD_P99: None}
    q1, median, q3 = paced.median_ratio(quantiles.p99)
    return {
        **found,
        HALF_LOAD_P99: median,
        "p99_ratio_half_knee_q1": q1,
        "p99_ratio_half_knee_q3": q3,
        "p50_ratio_half_knee": paced.median_ratio(quantiles.p50)[1],
        "p99_us_half_knee": statistics.median(own for own, _ in quantiles.p99) * 1e6,
        "p99_us_half_knee_baseline": statistics.median(base for _, base in quantiles.p99) * 1e6,
    }


def _row(match: Match, own: _Side, other: _Side, half: dict[str, float | str | None]) -> Row:
    ratios = [mine / theirs for mine, theirs in zip(own.rates(), other.rates(), strict=True)]
    measured_by, factor = _basis(own.busy(), other.busy())
    q1, median, q3 = (quantile * factor for quantile in statistics.quantiles(ratios, n=4))
    added = [(mine - theirs) * 1e6 for mine, theirs in zip(own.cpu, other.cpu, strict=True)]
    added_q1, _, added_q3 = statistics.quantiles(added, n=4)
    mine, theirs = own.per_request(), other.per_request()
    return Row(
        match.name,
        match.baseline,
        median,
        q1,
        q3,
        len(ratios),
        own.cpu_us() - other.cpu_us(),
        tuple(
            Figure(f"CPU a request, {layer}, µs", mine[layer], theirs[layer]) for layer in LAYERS
        ),
        {
            "measured_by": measured_by,
            "cpu_ratio": other.cpu_us() / own.cpu_us(),
            "cpu_us": own.cpu_us(),
            "cpu_us_added_q1": added_q1,
            "cpu_us_added_q3": added_q3,
            "busy": own.busy(),
            "baseline_busy": other.busy(),
            "p50_ratio": _quantile_ratio(own.latencies(), other.latencies(), 50),
            "p99_ratio": _quantile_ratio(own.latencies(), other.latencies(), 99),
            **half,
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


def _quantile_ratio(own: list[float], other: list[float], percent: int) -> float:
    mine, theirs = (statistics.quantiles(each, n=100)[percent - 1] for each in (own, other))
    return mine / theirs
