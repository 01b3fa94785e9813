"""Latency at half the bare application's knee: paced slices of two running servers in turn.

The rate is the same for every contestant and both sides: half of `bench.knee`'s, measured once a
run. Requests leave at even moments and count from
the moment they were meant for. A pair is a slice of each side, one straight after the other; some
pairs are pooled to a block, whose figure is the ratio of the sides' quantiles, and the row's figure
is the median of the blocks. A pair in which the machine took a core away from a server or from the
load is left out: one stop of 3 ms is the p99 of a slice.
"""

import gc
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.processes import Running
from bench.waiting import Wait, waited_so_far

PAIRS_IN_A_BLOCK: Final = 4
_SETTLE_SECONDS: Final = 0.02
"""At the start of a slice: a server that has just been woken is behind with its timers."""
_SERVER_WAIT: Final = 0.005
_LOAD_WAIT: Final = 0.004
"""Shares of a slice that the server and the load may wait for their cores."""
_HEADROOM: Final = 1.05
_ATTEMPTS: Final = 4


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


def sustains(saturated: float, rate: float) -> bool:
    """Return whether a server that answers `saturated` a second can be paced at that rate."""
    return saturated > _HEADROOM * rate


def pace(own: Running, other: Running, load: Load, into: Quantiles) -> None:
    """Add the blocks; fewer where the machine does not yield as many undisturbed pairs."""
    wanted = load.blocks * PAIRS_IN_A_BLOCK
    mine: list[float] = []
    theirs: list[float] = []
    pairs = 0
    gc.disable()  # the load's own pauses would be its server's latency
    try:
        for attempt in range(_ATTEMPTS * wanted):
            order = (own, other) if attempt % 2 else (other, own)
            slices = {server: _slice(server, load) for server in order}
            if any(disturbed for _, disturbed in slices.values()):
                into.disturbed_pairs += 1
                continue
            mine += slices[own][0]
            theirs += slices[other][0]
            pairs += 1
            if pairs % PAIRS_IN_A_BLOCK == 0:
                into.add(mine, theirs)
                mine, theirs = [], []
            if pairs == wanted:
                break
    finally:
        gc.enable()


def _slice(server: Running, load: Load) -> tuple[list[float], bool]:
    """Return the latencies, and whether the machine disturbed them."""
    with server.awake() as client:
        client.pace(load.rate, _SETTLE_SECONDS)
        before, load_before = server.waited(), waited_so_far()
        paced = client.pace(load.rate, load.seconds)
        load_waited = waited_so_far() - load_before
    return paced.latencies, is_disturbed(server.waited() - before, load_waited, paced.seconds)


def is_disturbed(server: Wait, load_seconds: float, seconds: float) -> bool:
    """Return whether a core was taken away for too long in a slice of that many seconds."""
    return server.for_others() > _SERVER_WAIT * seconds or load_seconds > _LOAD_WAIT * seconds


def median_ratio(blocks: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the first quartile, the median and the third quartile of the blocks' ratios."""
    first, median, third = statistics.quantiles((own / other for own, other in blocks), n=4)
    return first, median, third


def _percentile(latencies: Sequence[float], percent: int) -> float:
    return statistics.quantiles(latencies, n=100)[percent - 1]
