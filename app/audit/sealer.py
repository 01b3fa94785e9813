"""The sealer: chains what is on record, behind the requests and without a lock in them.

Every worker runs one; a transaction's advisory lock lets one at a time through. It takes entries
in the order (transaction ID, ID) and only below the oldest transaction that still runs: nothing
can commit there any more, so no entry ever appears before one that is sealed.
"""

import asyncio
import math
from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app import signals
from app.audit.beside import beside
from app.audit.chain import START, Position, linked
from app.database import audit_chain
from app.database.audit_rows import LinkRow, StoredEntry
from app.database.failures import DRIVER_ERRORS
from app.database.pool import Connection, DatabasePool
from app.errors import PoolExhausted, Unavailable
from telemetry.metrics import Meter

logger = structlog.stdlib.get_logger()

SEAL_SECONDS: Final = 1.0
SAMPLE_SECONDS: Final = 5.0
_BATCH: Final = 500
_DATABASE: Final = "database"
_RESTORED: Final = "restored"
_UNEXPECTED: Final = "unexpected"
_OUTAGE: Final = (Unavailable, *DRIVER_ERRORS)


class RestoredError(Exception):
    """The chain's end is ahead of the server's transactions: the database came from elsewhere."""


class Sealer:
    """Seals while `running`; a failure is counted, logged once, and tried again."""

    def __init__(self, pool: DatabasePool, meter: Meter, *, every: float = SEAL_SECONDS) -> None:
        self._pool = pool
        self._every = every
        self._lag = LagSampler(pool, meter)
        self._sealed = meter.counter(signals.AUDIT_SEALED)
        self._delay = meter.histogram(signals.AUDIT_SEALING_TIME)
        self._failures = meter.counter(signals.AUDIT_FAILURES)
        self._failing = False
        self._sealed.add(0)
        for reason in (_DATABASE, _RESTORED, _UNEXPECTED):
            self._failures.add(0, reason)  # a rate needs a first sample

    def running(self) -> AbstractAsyncContextManager[None]:
        """Seal while the block runs."""
        return beside(self._run())

    async def _run(self) -> None:
        while True:
            if await self.try_once() < _BATCH:
                await self._lag.sample()
                await asyncio.sleep(self._every)

    async def try_once(self) -> int:
        """Seal one batch and return its size; 0 where it failed, which is counted."""
        try:
            sealed = await self.seal()
        except RestoredError as error:
            self._failed(_RESTORED, error)
        except _OUTAGE as error:
            self._failed(_DATABASE, error)
        except Exception as error:  # noqa: BLE001  # a sealer that ended would end unseen
            self._failed(_UNEXPECTED, error)
        else:
            self._failing = False
            return sealed
        return 0

    async def seal(self) -> int:
        """Seal one batch; return its size, 0 where there is none or another sealer is at it.

        Raises `Unavailable` or what the driver raises, and `RestoredError`.
        """
        with suppress_instrumentation():  # once a second, and mostly for nothing
            async with self._pool.transaction() as connection:
                entries = await self._take(connection)
        self._sealed.add(len(entries))
        for entry in entries:
            self._delay.observe(max(0.0, entry.age))
        if entries:
            logger.debug(signals.AUDIT_ENTRIES_SEALED.name, **{signals.ENTRIES: len(entries)})
        return len(entries)

    async def _take(self, connection: Connection) -> list[StoredEntry]:
        if not await audit_chain.lock_chain(connection):
            return []
        end = await end_of_chain(connection)
        entries = await audit_chain.sealable(connection, end.xid, end.entry_id, _BATCH)
        if not entries:
            if await audit_chain.is_ahead(connection, end.xid):
                message = "the end of the chain is ahead of the server's transactions"
                raise RestoredError(message)
            return entries
        links: list[LinkRow] = []
        for entry in entries:
            links.append(linked(end, entry))
            end = Position.of(links[-1])
        await audit_chain.insert_links(connection, links)
        return entries

    def _failed(self, reason: str, error: Exception) -> None:
        self._failures.add(1, reason)
        if not self._failing:
            logger.warning(signals.AUDIT_SEALING_FAILED.name, exc_info=error)
        self._failing = True


class LagSampler:
    """Samples the age of the oldest entry that is not sealed.

    The web processes sample too: while every sealer is down, they tell.
    """

    def __init__(self, pool: DatabasePool, meter: Meter) -> None:
        self._pool = pool
        self._lag = meter.gauge(signals.AUDIT_LAG)

    def running(self, every: float = SAMPLE_SECONDS) -> AbstractAsyncContextManager[None]:
        """Sample every so many seconds while the block runs."""
        return beside(self._run(every))

    async def _run(self, every: float) -> None:
        self._lag.set(math.nan)  # nothing is known yet
        while True:
            await asyncio.sleep(every)
            await self.sample()

    async def sample(self) -> None:
        """Set the gauge; not a number while the database is away, which is no good news.

        A pool that is full says nothing of the database: what was known last stands.
        """
        lag = math.nan
        try:
            with suppress_instrumentation():
                lag = await self._asked()
        except PoolExhausted:
            return
        except _OUTAGE:
            pass
        self._lag.set(lag)

    async def _asked(self) -> float:
        async with self._pool.acquire() as connection:
            end = await end_of_chain(connection)
            return await audit_chain.oldest_unsealed_age(connection, end.xid, end.entry_id)


async def end_of_chain(connection: Connection) -> Position:
    """Return the last link's place, or the checkpoint's, or the start."""
    link = await audit_chain.last_link(connection)
    if link is not None:
        return Position.of(link)
    return await beginning_of_chain(connection)


async def beginning_of_chain(connection: Connection) -> Position:
    """Return the place before the first link: the checkpoint that retention left, or the start."""
    checkpoint = await audit_chain.last_checkpoint(connection)
    return START if checkpoint is None else Position(*checkpoint)
