"""The honest comparison: alternate the two, take many pairs, give the median and the quartiles."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.rows import Figure, Row


@dataclass(frozen=True, slots=True)
class Contestant:
    """One side: what it is called and what it runs."""

    name: str
    run: Callable[[], object]


def compare(
    ours: Contestant, theirs: Contestant, *, operations: int, figure: str, pairs: int = 31
) -> Row:
    """Run both in turn; each run does `operations` operations.

    `figure` names the microseconds of CPU that one operation takes.
    """
    ours.run()
    theirs.run()
    times = [(_cpu_seconds(ours.run), _cpu_seconds(theirs.run)) for _ in range(pairs)]
    ratios = [their_time / own_time for own_time, their_time in times]
    q1, median, q3 = statistics.quantiles(ratios, n=4)
    own, other = (statistics.median(side) / operations * 1e6 for side in zip(*times, strict=True))
    figures = (Figure(figure, own, other),)
    return Row(ours.name, theirs.name, median, q1, q3, pairs, own - other, figures)


def _cpu_seconds(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before
