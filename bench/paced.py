"""Latency at half the bare application's knee: paced slices of two running servers in turn.

The rate is the same for every contestant and both sides: half of `bench.knee`'s, measured once a
run. Requests leave at even moments and count from the moment they were meant for. A core that is
taken away for a millisecond is the p99 of a slice, so only those slices count in which the machine
hardly worked for others. The first of each side that counts are a pair, and so on; a pair's figure
is the ratio of its quantiles, and the row's figure is the median of the pairs.
"""

import gc
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.client import Slice
from bench.others import others, taken
from bench.processes import Running

_SETTLE_SECONDS: Final = (0.05, 0.35)
"""Before a slice, by chance: a server that has just been woken is behind with its timers, and what
the machine or the server does now and then would else meet every slice, or none."""
_LIMIT: Final = 0.0025
"""Share of a slice for which the machine may work for others."""
_HEADROOM: Final = 1.05
_ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second, the length of a slice in seconds, and how many pairs are to count."""

    rate: float
    seconds: float
    pairs: int


@dataclass(slots=True)
class Quantiles:
    """Of each pair p50 and p99, in seconds, of the contestant and of the baseline."""

    p50: list[tuple[float, float]] = field(default_factory=list)
    p99: list[tuple[float, float]] = field(default_factory=list)
    samples: int = 0
    disturbed: int = 0

    def add(self, own: Sequence[float], other: Sequence[float]) -> None:
        """Add a pair, given as the latencies of both sides."""
        for percent, found in ((50, self.p50), (99, self.p99)):
            found.append((_percentile(own, percent), _percentile(other, percent)))
        self.samples += len(own)


def sustains(saturated: float, rate: float) -> bool:
    """Return whether a server that answers `saturated` a second can be paced at that rate."""
    return saturated > _HEADROOM * rate


def pace(own: Running, other: Running, load: Load, into: Quantiles) -> None:
    """Add the pairs; fewer where the machine does not leave as many slices undisturbed."""
    quiet: dict[Running, list[Slice]] = {own: [], other: []}
    gc.disable()  # the load's own pauses would be its server's latency
    try:
        for attempt in range(_ATTEMPTS * load.pairs):
            for server in (own, other) if attempt % 2 else (other, own):
                paced, is_quiet = slice_of(server, load.rate, load.seconds)
                if is_quiet:
                    quiet[server].append(paced)
                else:
                    into.disturbed += 1
            if min(map(len, quiet.values())) >= load.pairs:
                break
    finally:
        gc.enable()
    for mine, theirs in zip(quiet[own], quiet[other], strict=False):
        into.add(mine.latencies, theirs.latencies)


def slice_of(server: Running, rate: float, seconds: float) -> tuple[Slice, bool]:
    """Return what was paced, and whether the machine was quiet meanwhile."""
    own = server.processes()
    with server.awake() as client:
        client.pace(rate, random.uniform(*_SETTLE_SECONDS))  # noqa: S311  # no secret
        before = others(own)
        paced = client.pace(rate, seconds)
        after = others(own)
    return paced, is_quiet(taken(before, after), paced.seconds)


def is_quiet(taken_seconds: float, seconds: float) -> bool:
    """Return whether so much work for others leaves a slice of so many seconds as it was."""
    return taken_seconds <= _LIMIT * seconds


def median_ratio(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the first quartile, the median and the third quartile of the pairs' ratios."""
    first, median, third = statistics.quantiles((own / other for own, other in pairs), n=4)
    return first, median, third


def _percentile(latencies: Sequence[float], percent: int) -> float:
    return statistics.quantiles(latencies, n=100)[percent - 1]
