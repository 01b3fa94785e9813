"""The rows of whole services under load: telemetry's against the stock stack's, and the stores'."""

from collections.abc import Iterator

from bench import stores
from bench.processes import Cores
from bench.rounds import Effort, Match, play
from bench.rows import Row

_REQUESTS = (
    Match("telemetry.aa", "bare", "bare"),
    Match("telemetry.all.sampling100", "ours", "bare"),
    Match("telemetry.all.sampling10", "ours", "bare", sampling=0.1),
    Match("stock.all.sampling100", "stock", "bare"),
    Match("stock.all.sampling10", "stock", "bare", sampling=0.1),
)


def requests(cores: Cores, effort: Effort) -> Iterator[Row]:
    """Yield a row for each way to observe a request."""
    for match in _REQUESTS:
        yield play(match, cores, effort)


def data_stores(cores: Cores, effort: Effort) -> Iterator[Row]:
    """Yield the rows of a request with one data-store call, of which only that is observed."""
    for kind, store in (("asyncpg", stores.postgres), ("redis", stores.valkey)):
        with store() as url:
            for who in ("ours", "stock"):
                name = f"{kind}.{who}"
                yield play(Match(name, name, f"{kind}.bare", store=url), cores, effort)
