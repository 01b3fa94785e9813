"""A check that PostgreSQL decides, among a thousand grants and among a million.

Two databases of one server, asked in turn through the service's own evaluator and pool. Each check
is of another user, so that a million grants are not measured by the few pages that a repeated
question would keep at hand. Once just after the load, when the planner knows nothing of the tables
and no page has been visited since, and once after VACUUM and ANALYZE, which autovacuum runs within
a minute or so of a load.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from app import signals
from app.authorization.evaluator import GrantEvaluator
from app.authorization.model import AccessQuery
from app.database.migrations import migrate
from app.database.pool import DatabasePool
from app.settings import read_settings
from bench import stores
from bench.domain.graph import SMALLEST, Graph
from bench.rows import Figure, Measurement, Row
from telemetry.runtime import Telemetry
from telemetry.testing import captured_telemetry

_BASELINE: Final = "1,000 grants"
_LARGE: Final = 1_000_000
_QUESTIONS: Final = 30
"""In a slice: of each kind the same number, or the pairs would differ by what they ask."""
_WARMING: Final = 5
_TABLES: Final = ("grants", "group_members", "resource_parents", "action_implications")

Times = Sequence[tuple[float, float]]
"""Seconds a check, of the contestant's and the baseline's slices."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A database, and what there is to ask it, over and over."""

    url: str
    evaluator: GrantEvaluator
    questions: Iterator[AccessQuery]

    async def slice(self) -> float:
        """Return the seconds that a check took."""
        asked = list(itertools.islice(self.questions, _QUESTIONS))
        started = time.perf_counter()
        for query in asked:
            await self.evaluator.decide(query)
        return (time.perf_counter() - started) / _QUESTIONS


def measurements(*, pairs: int = 100, large: int = _LARGE) -> Iterator[Measurement]:
    """Yield `check.scale`, `check.scale.loaded` (no statistics yet) and the A/A pair.

    One load serves them all; what fails in it fails each of them.
    """
    measured = cache(partial(_measured, pairs, large))
    for name in ("check.scale.aa", "check.scale.loaded", "check.scale"):
        yield Measurement(name, partial(_row, name, measured))


def _row(name: str, measured: Callable[[], dict[str, Times]]) -> Row:
    times = measured()[name]
    ratios = [theirs / ours for ours, theirs in times]
    q1, median, q3 = statistics.quantiles(ratios, n=4)
    own, other = (statistics.median(side) * 1e6 for side in zip(*times, strict=True))
    figures = (Figure("latency of a check, µs", own, other),)
    return Row(name, _BASELINE, median, q1, q3, len(times), figures=figures)


def _measured(pairs: int, large: int) -> dict[str, Times]:
    with (
        stores.postgres() as url,
        captured_telemetry(service_name="bench", attributes=signals.ATTRIBUTES) as captured,
    ):
        return asyncio.run(_all_states(url, captured.telemetry, pairs, large))


async def _all_states(url: str, telemetry: Telemetry, pairs: int, large: int) -> dict[str, Times]:
    async with AsyncExitStack() as stack:

        async def loaded(name: str, grants: int) -> _Asked:
            return await stack.enter_async_context(_loaded(url, name, grants, telemetry))

        small, twin = await loaded("small", SMALLEST), await loaded("twin", SMALLEST)
        for each in (small, twin):
            await _settle(each.url)
        found = {"check.scale.aa": await alternate(twin.slice, small.slice, pairs)}
        great = await loaded("great", large)
        found["check.scale.loaded"] = await alternate(great.slice, small.slice, pairs)
        await _settle(great.url)
        found["check.scale"] = await alternate(great.slice, small.slice, pairs)
    return found


async def alternate(
    ours: Callable[[], Awaitable[float]], theirs: Callable[[], Awaitable[float]], pairs: int
) -> Times:
    """Return what both took, in pairs whose order alternates; the first ones warm both up."""
    times = []
    for number in range(_WARMING + pairs):
        if number % 2:
            own, other = await ours(), await theirs()
        else:
            other, own = await theirs(), await ours()
        times.append((own, other))
    return times[_WARMING:]


@asynccontextmanager
async def _loaded(
    server: str, name: str, grants: int, telemetry: Telemetry
) -> AsyncIterator[_Asked]:
    """Yield a database of that name with the graph in it, and nothing that knows of it yet."""
    administrator = await asyncpg.connect(server)
    await administrator.execute(f"CREATE DATABASE {name}")
    await administrator.close()
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    await migrate(url)
    graph = Graph(grants)
    connection = await asyncpg.connect(url)
    for table in _TABLES:
        # When it runs is for this comparison to say.
        await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    await graph.load(connection)
    await connection.close()
    settings = read_settings(database_url=url, database_pool_min=1, database_pool_max=1)
    pool = await DatabasePool.open(settings, telemetry)
    try:
        evaluator = GrantEvaluator(pool, telemetry.tracing, telemetry.meter)
        asked = [AccessQuery(*question) for question in graph.questions(grants // 10)]
        yield _Asked(url, evaluator, itertools.cycle(asked))
    finally:
        await pool.close()


async def _settle(url: str) -> None:
    """Do what autovacuum does after a load."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM (ANALYZE)")
    await connection.close()
