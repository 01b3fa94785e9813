"""The rows of outages: what a request is served in while telemetry cannot get rid of its own.

Ours with a broken receiver against ours with one that is well, at full and at half load: its p99
there says whether the service's latency stays in band.
"""

from collections.abc import Iterator
from functools import cache, partial
from typing import Final

from bench.knee import knee
from bench.processes import Cores
from bench.rounds import Effort, Match, play
from bench.rows import Measurement, Row

_OUTAGES: Final = (
    Match("outage.aa", "ours", "ours"),
    Match("outage.collector", "ours.silent_collector", "ours"),
    Match("outage.stdout", "ours.unread_stdout", "ours"),
)


def measurements(cores: Cores, effort: Effort) -> Iterator[Measurement]:
    """Yield a measurement for each outage."""

    @cache
    def half_load() -> float:
        return knee(cores) / 2

    def take(match: Match) -> Row:
        return play(match, cores, effort, half_load())

    for match in _OUTAGES:
        yield Measurement(match.name, partial(take, match))
