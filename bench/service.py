"""The rows of whole services under load: telemetry's against the stock stack's, and the stores'."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Final

from bench import stores
from bench.knee import knee
from bench.processes import Cores
from bench.rounds import Effort, Match, play
from bench.rows import Measurement, Row

_REQUESTS: Final = (
    Match("telemetry.aa", "bare", "bare"),
    Match("telemetry.all.sampling100", "ours", "bare"),
    Match("telemetry.all.sampling10", "ours", "bare", sampling=0.1),
    Match("stock.all.sampling100", "stock", "bare"),
    Match("stock.all.sampling10", "stock", "bare", sampling=0.1),
)


def requests(cores: Cores, effort: Effort) -> Iterator[Measurement]:
    """Yield a measurement for each way to observe a request."""

    @cache
    def half_load() -> float:
        return knee(cores) / 2

    def take(match: Match) -> Row:
        return play(match, cores, effort, half_load())

    for match in _REQUESTS:
        yield Measurement(match.name, partial(take, match))


def data_stores(cores: Cores, effort: Effort) -> Iterator[Measurement]:
    """Yield those of a request with one data-store call, of which only that is observed.

    The store runs as long as its measurements are asked for.
    """
    for kind, store in (("asyncpg", stores.postgres), ("redis", stores.valkey)):
        with store() as url:
            for name, variant in (("aa", "bare"), ("ours", "ours"), ("stock", "stock")):
                match = Match(f"{kind}.{name}", f"{kind}.{variant}", f"{kind}.bare", store=url)
                yield Measurement(match.name, partial(play, match, cores, effort))
