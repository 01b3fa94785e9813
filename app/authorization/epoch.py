"""The epoch of the grants, as far as this process knows it, and for how long it may believe that.

Every change of a grant moves the epoch on record. The watcher asks for it each second, over a
connection of its own: a pool that is used up must not take the caches away as well. Unconfirmed
for over two seconds, there is no epoch, and the caches stand aside.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app import signals
from app.authorization.model import EpochId
from app.database import grants
from app.database.failures import DRIVER_ERRORS
from app.database.pool import Connection, DatabasePool
from app.errors import Unavailable
from telemetry.catalog.attributes import ERROR_TYPE
from telemetry.metrics import Meter
from telemetry.tracing import error_type_of

logger = structlog.stdlib.get_logger()

POLL_SECONDS: Final = 1.0
TRUSTED_SECONDS: Final = 2.0


class KnownEpoch(Protocol):
    """What a cache needs of the epoch."""

    def current(self) -> EpochId | None:
        """Return the epoch that may be believed now, or None."""
        ...


class Epoch:
    """The epoch as this process knows it."""

    def __init__(self, meter: Meter, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._value: EpochId | None = None
        self._confirmed = clock()
        self._moves = 0
        meter.gauge(signals.EPOCH_AGE).set_function(self.age)

    def current(self) -> EpochId | None:
        """Return the epoch, or None where it was not confirmed within `TRUSTED_SECONDS`."""
        return self._value if self.age() <= TRUSTED_SECONDS else None

    def age(self) -> float:
        """Seconds since the record was last known to hold this epoch."""
        return max(0.0, self._clock() - self._confirmed)

    def move(self, value: EpochId) -> None:
        """Take over the epoch of a change that this process has just committed."""
        self._moves += 1
        self._value = self._later(value)

    def confirmation(self) -> Callable[[EpochId], None]:
        """Begin to confirm: call before reading the record, and the result with what was read.

        Trust counts from before the reading. A reading that a change of our own has overtaken may
        be older than that change, so it moves the epoch forward only; any other is taken as it
        is, backward too: a restored backup has an earlier epoch.
        """
        started, moves = self._clock(), self._moves

        def confirm(value: EpochId) -> None:
            overtaken = moves != self._moves
            self._value = self._later(value) if overtaken else value
            self._confirmed = started

        return confirm

    def _later(self, value: EpochId) -> EpochId:
        return value if self._value is None else max(value, self._value)


class EpochWatcher:
    """Keeps an `Epoch` confirmed for as long as it runs."""

    def __init__(self, pool: DatabasePool, epoch: Epoch) -> None:
        self._pool = pool
        self._epoch = epoch
        self._connection: Connection = None
        self._reported = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Confirm the epoch once, then each second while the block lasts.

        Raises `Unavailable` where the first reading fails, and the driver's error where the
        database has no such table.
        """
        with suppress_instrumentation():
            try:
                await self._read()
                task = asyncio.create_task(self._watch(), name="epoch-watcher")
            except BaseException:
                self._drop_connection()
                raise
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            with suppress(*DRIVER_ERRORS):
                await self._close_connection()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._read()
                self._reported = False
            except (Unavailable, *DRIVER_ERRORS) as error:
                self._drop_connection()
                self._report(error)

    async def _read(self) -> None:
        confirm = self._epoch.confirmation()
        async with asyncio.timeout(TRUSTED_SECONDS):
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._pool.connect()
            confirm(await grants.read_epoch(self._connection, POLL_SECONDS))

    def _report(self, error: Exception) -> None:
        """Say once, not each second, that the caches are out of use."""
        if not self._reported and self._epoch.current() is None:
            self._reported = True
            cause = error.__cause__ or error
            logger.warning(signals.EPOCH_UNCONFIRMED.name, **{ERROR_TYPE: error_type_of(cause)})

    def _drop_connection(self) -> None:
        """Cut the connection at once: it holds nothing, and a dead one would not answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close(timeout=POLL_SECONDS)
