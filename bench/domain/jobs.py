"""Jobs a second of the report queue against pgqueuer and taskiq: the same machine, one worker each.

A run is a process of its own on the server's core, with a database of its own: it puts so many jobs
on the queue, one after the other, and then does them. The data stores have the other cores. Runs
alternate. What each queue guarantees differs: `docs/bench.md` says how.
"""

import asyncio
import statistics
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import orjson

from bench import stores
from bench.processes import Cores
from bench.rows import Figure, Measurement, Row

_JOBS: Final = 1_000
_PATIENCE_SECONDS: Final = 300
_OURS: Final = "ours"
_OPPONENTS: Final = (("jobs.aa", _OURS), ("jobs.pgqueuer", "pgqueuer"), ("jobs.taskiq", "taskiq"))
_BASELINES: Final = {_OURS: "itself", "pgqueuer": "pgqueuer", "taskiq": "taskiq, Redis stream"}


@dataclass(frozen=True, slots=True)
class Run:
    """Jobs a second that were put on, and that were done."""

    enqueued: float
    done: float

    def both(self) -> float:
        """Return jobs a second through the whole of it."""
        return 1 / (1 / self.enqueued + 1 / self.done)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the runs of a measurement are made."""

    core: int
    database: str
    cache: str
    jobs: int

    def run(self, engine: str) -> Run:
        """Run the engine once, in a new database."""
        database = asyncio.run(_new_database(self.database))
        words = [
            *(sys.executable, "-m", "bench.domain.job_worker", engine, "--core", str(self.core)),
            *("--jobs", str(self.jobs), "--database", database, "--cache", self.cache),
        ]
        ended = subprocess.run(  # noqa: S603  # ours
            words, check=False, capture_output=True, timeout=_PATIENCE_SECONDS
        )
        if ended.returncode:
            raise RuntimeError(ended.stderr[-2000:].decode(errors="replace"))
        took = orjson.loads(ended.stdout)
        return Run(self.jobs / took["enqueueing"], self.jobs / took["working"])


def measurements(cores: Cores, *, pairs: int = 7, jobs: int = _JOBS) -> Iterator[Measurement]:
    """Yield `jobs.pgqueuer`, `jobs.taskiq` and the A/A pair; the stores run as long."""
    with stores.postgres() as database, stores.valkey() as cache:
        place = Place(cores.server, database, cache, jobs)
        for name, opponent in _OPPONENTS:
            yield Measurement(name, partial(measure, name, opponent, place, pairs))


def measure(name: str, opponent: str, place: Place, pairs: int) -> Row:
    """Run ours and the opponent in turn; return their row."""
    runs = []
    for number in range(pairs):
        if number % 2:
            runs.append((place.run(_OURS), place.run(opponent)))
        else:
            theirs = place.run(opponent)
            runs.append((place.run(_OURS), theirs))
    ratios = [own.both() / other.both() for own, other in runs]
    q1, median, q3 = statistics.quantiles(ratios, n=4)
    own, other = zip(*runs, strict=True)
    figures = (
        _figure("jobs a second", *((run.both() for run in side) for side in (own, other))),
        _figure("put on a second", *((run.enqueued for run in side) for side in (own, other))),
        _figure("done a second", *((run.done for run in side) for side in (own, other))),
    )
    return Row(name, _BASELINES[opponent], median, q1, q3, pairs, figures=figures)


def _figure(name: str, own: Iterator[float], other: Iterator[float]) -> Figure:
    return Figure(name, statistics.median(own), statistics.median(other))


async def _new_database(server: str) -> str:
    """Return the URL of an empty database: what earlier runs left would be ours to read past."""
    name = f"bench_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return urlsplit(server)._replace(path=f"/{name}").geturl()
