"""A check over HTTP: the whole service against a bare handler that asks the same store.

The figure is what the service puts on top: the key, the bounds, the validation, the caches with
their epoch. Both sides tell the same of each check. `check.l1` is served from the process' memory,
`check.l2` by Redis, past an L1 that has to look first, and `check.db` by PostgreSQL, past both.
Two rows take these figures apart: `check.l1.untold` has a baseline that tells of the request alone,
`check.l2.alone` has no L1.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Final

import asyncpg

from app.database.migrations import migrate
from bench import stores
from bench.domain.questions import ACTION, RESOURCE, USERS
from bench.processes import Cores
from bench.rounds import Effort, Match, play
from bench.rows import Measurement

_GRANT: Final = "INSERT INTO grants (user_id, resource, action, granted_by) VALUES ($1, $2, $3, $4)"
_MATCHES: Final = (
    ("check.aa", "check.handler", "check.handler"),
    ("check.l1", "check.l1", "check.handler"),
    ("check.l1.untold", "check.l1", "check.handler.untold"),
    ("check.l2.aa", "check.handler.get", "check.handler.get"),
    ("check.l2", "check.l2", "check.handler.get"),
    ("check.l2.alone", "check.l2.alone", "check.handler.get.alone"),
    ("check.db.aa", "check.handler.query", "check.handler.query"),
    ("check.db", "check.db", "check.handler.query"),
)


def measurements(cores: Cores, effort: Effort) -> Iterator[Measurement]:
    """Yield a row a layer, each with its A/A pair before it; the stores run as long."""
    with stores.postgres() as database, stores.valkey() as cache:
        asyncio.run(prepare(database))
        for name, variant, baseline in _MATCHES:
            match = Match(name, variant, baseline, store=f"{database} {cache}")
            yield Measurement(name, partial(play, match, cores, effort))


async def prepare(database: str) -> None:
    """Migrate the database and give each user their grant."""
    await migrate(database)
    connection = await asyncpg.connect(database)
    await connection.executemany(_GRANT, [(user, RESOURCE, ACTION, "bench") for user in USERS])
    await connection.close()
