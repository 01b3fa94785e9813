"""The knee of a latency curve: the highest load at which the latency is still that of light load.

Requests leave at even moments, in steps up to what the server answers with every connection busy.
Past the knee they wait for each other: a request that is served alone costs more than one of a
crowd, so a paced server is full well before a saturated one.
"""

import gc
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bench.client import Client
from bench.paced import slice_of
from bench.processes import Cores, Running, running

BEND: Final = 2.0
"""How many times the p99 of light load is past the knee."""
LIGHT: Final = 0.2
STEPS: Final = tuple(percent / 100 for percent in range(50, 100, 5))
"""Shares of the saturated rate, as `LIGHT` is."""
_SLICES: Final = 7
_ATTEMPTS: Final = 5
_SECONDS: Final = 0.2
_PERCENT: Final = 99


def knee(cores: Cores) -> float:
    """Return the bare application's knee on its core, in requests a second."""
    gc.disable()  # the load's own pauses would be its server's latency
    try:
        with running("bare", cores) as server:
            with server.awake() as client:
                saturated = _saturated(client)
            return knee_of(lambda share: _p99(server, share * saturated)) * saturated
    finally:
        gc.enable()


def knee_of(p99_at: Callable[[float], float], steps: Iterable[float] = STEPS) -> float:
    """Return the last step before the p99 leaves that of light load, or `LIGHT` if none holds."""
    bound = BEND * p99_at(LIGHT)
    held = LIGHT
    for step in steps:
        if p99_at(step) > bound:
            break
        held = step
    return held


def _saturated(client: Client) -> float:
    client.saturate(_SECONDS)
    slices = [client.saturate(_SECONDS) for _ in range(_SLICES)]
    return statistics.median(each.requests / each.seconds for each in slices)


def _p99(server: Running, rate: float) -> float:
    """Return the median of the slices' p99; of all slices where the machine is never quiet."""
    quiet: list[float] = []
    every: list[float] = []
    for _ in range(_ATTEMPTS * _SLICES):
        paced, is_quiet = slice_of(server, rate, _SECONDS)
        every.append(_percentile(paced.latencies))
        if is_quiet:
            quiet.append(every[-1])
        if len(quiet) == _SLICES:
            break
    return statistics.median(quiet or every)


def _percentile(latencies: Sequence[float]) -> float:
    return statistics.quantiles(latencies, n=100)[_PERCENT - 1]
