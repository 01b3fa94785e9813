"""Memory after many requests, and how fast it still grows: ours, the stock stack, the bare one."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from bench.processes import Cores, Running, running
from bench.rows import Figure, Measurement, Row

_READINGS: Final = 20
_QUIET_SECONDS: Final = 0.25
_QUIET_SHARE: Final = 0.02
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Memory:
    mib: float
    kib_per_thousand: float
    problems: tuple[str, ...]


def measurements(cores: Cores, requests: int) -> Iterator[Measurement]:
    """Yield `memory.ours` and `memory.stock`: the ratio is the bare application's over theirs."""
    baseline = cache(partial(_memory, "bare", cores, requests))
    for variant in ("ours", "stock"):
        own = partial(_memory, variant, cores, requests)
        name = f"memory.{variant}"
        yield Measurement(name, partial(_row, name, own, baseline, requests))


def _row(
    name: str, measure: Callable[[], _Memory], baseline: Callable[[], _Memory], requests: int
) -> Row:
    bare, own = baseline(), measure()
    ratio = bare.mib / own.mib
    return Row(
        name,
        "bare",
        ratio,
        ratio,
        ratio,
        1,
        figures=(
            Figure(f"resident after {requests:,} requests, MiB", own.mib, bare.mib),
            Figure("growth, KiB a 1,000 requests", own.kib_per_thousand, bare.kib_per_thousand),
        ),
        more={"requests": float(requests)},
        problems=own.problems + bare.problems,
    )


def _memory(variant: str, cores: Cores, requests: int) -> _Memory:
    readings: list[tuple[int, float]] = []
    with running(variant, cores) as server:
        for _ in range(_READINGS):
            server.client.answer(requests // _READINGS)
            _wait_until_quiet(server)
            readings.append((server.client.answered, server.memory_mib()))
    return _Memory(readings[-1][1], growth(readings), tuple(server.problems))


def growth(readings: Sequence[tuple[int, float]]) -> float:
    """Return KiB a thousand requests, over the second half of (requests, MiB): not the warming."""
    requests, mebibytes = zip(*readings[len(readings) // 2 :], strict=True)
    return statistics.linear_regression(requests, mebibytes).slope * 1024 * 1000


def _wait_until_quiet(server: Running) -> None:
    """Let the server deliver what it holds: a queue is not what is asked here."""
    until = time.monotonic() + _PATIENCE_SECONDS
    used = _QUIET_SECONDS
    while used > _QUIET_SHARE * _QUIET_SECONDS and time.monotonic() < until:
        before = server.cpu_seconds()
        time.sleep(_QUIET_SECONDS)
        used = server.cpu_seconds() - before
