"""Latency at half the bare application's knee: paced slices of two running servers in turn.

The rate is the same for every contestant and both sides: half of `bench.knee`'s, measured once a
run. Requests leave at even moments and count from
the moment they were meant for. A pair is a slice of each side, one straight after the other; some
pairs are pooled to a block, whose figure is the ratio of the sides' quantiles, and the row's figure
is the median of the blocks. Only the third of the pairs counts in which the machine took the cores
of server and load away for least: one stop of 3 ms is the p99 of a slice.
"""

import gc
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

from bench.processes import Running
from bench.waiting import Wait

PAIRS_IN_A_BLOCK: Final = 4
_SETTLE_SECONDS: Final = 0.02
"""At the start of a slice: a server that has just been woken is behind with its timers."""
_SERVER_WAIT: Final = 0.01
_LOAD_WAIT: Final = 0.03
"""Shares of a slice that the server and the load may wait for their cores."""
_HEADROOM: Final = 1.05
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second, the length of a slice in seconds, and how many blocks are wanted."""

    rate: float
    seconds: float
    blocks: int


@dataclass(slots=True)
class Quantiles:
    """Of each block p50 and p99, in seconds, of the contestant and of the baseline."""

    p50: list[tuple[float, float]] = field(default_factory=list)
    p99: list[tuple[float, float]] = field(default_factory=list)
    samples: int = 0
    disturbed_pairs: int = 0

    def add(self, own: Sequence[float], other: Sequence[float]) -> None:
        """Add a block, given as the latencies of both sides."""
        for percent, found in ((50, self.p50), (99, self.p99)):
            found.append((_percentile(own, percent), _percentile(other, percent)))
        self.samples += len(own)


class Pair(NamedTuple):
    """A slice of each side, and how much the machine disturbed the one that it disturbed more."""

    disturbance: float
    mine: list[float]
    theirs: list[float]


def sustains(saturated: float, rate: float) -> bool:
    """Return whether a server that answers `saturated` a second can be paced at that rate."""
    return saturated > _HEADROOM * rate


def pace(own: Running, other: Running, load: Load, into: Quantiles) -> None:
    """Add the blocks; fewer where the machine does not yield as many undisturbed pairs."""
    wanted = load.blocks * PAIRS_IN_A_BLOCK
    pairs: list[Pair] = []
    gc.disable()  # the load's own pauses would be its server's latency
    try:
        for attempt in range(_ATTEMPTS * wanted):
            order = (own, other) if attempt % 2 else (other, own)
            slices = {server: _slice(server, load) for server in order}
            worst = max(disturbance for _, disturbance in slices.values())
            pairs.append(Pair(worst, slices[own][0], slices[other][0]))
    finally:
        gc.enable()
    kept = quietest(pairs, wanted)
    into.disturbed_pairs += len(pairs) - len(kept)
    for first in range(0, len(kept) - PAIRS_IN_A_BLOCK + 1, PAIRS_IN_A_BLOCK):
        block = kept[first : first + PAIRS_IN_A_BLOCK]
        into.add(
            list(chain.from_iterable(pair.mine for pair in block)),
            list(chain.from_iterable(pair.theirs for pair in block)),
        )


def quietest(pairs: Sequence[Pair], wanted: int) -> list[Pair]:
    """Return the pairs that the machine disturbed least, as they came; none past the limits."""
    by_quiet = sorted(range(len(pairs)), key=lambda number: pairs[number].disturbance)
    chosen = sorted(number for number in by_quiet[:wanted] if pairs[number].disturbance <= 1)
    return [pairs[number] for number in chosen]


def _slice(server: Running, load: Load) -> tuple[list[float], float]:
    """Return the latencies, and how much the machine disturbed them."""
    with server.awake() as client:
        client.pace(load.rate, _SETTLE_SECONDS)
        before, load_before = server.waited(), server.load_waited()
        paced = client.pace(load.rate, load.seconds)
        load_waited = server.load_waited() - load_before
        waited = server.waited() - before
    return paced.latencies, disturbance(waited, load_waited, paced.seconds)


def disturbance(server: Wait, load: Wait, seconds: float) -> float:
    """Return for how long a core was taken away in a slice of so many seconds; 1 is the limit."""
    shares = (server.for_others() / _SERVER_WAIT, load.for_others() / _LOAD_WAIT)
    return max(shares) / seconds


def median_ratio(blocks: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the first quartile, the median and the third quartile of the blocks' ratios."""
    first, median, third = statistics.quantiles((own / other for own, other in blocks), n=4)
    return first, median, third


def _percentile(latencies: Sequence[float], percent: int) -> float:
    return statistics.quantiles(latencies, n=100)[percent - 1]
