"""The epoch of the grants, as far as this process knows it, and for how long it may believe that.

Every change of a grant moves the epoch on record, and PostgreSQL tells so as the change commits.
The watcher reads the record when told, and each second in any case: what it is told is only that
there is something to read. It has a connection of its own: a pool that is used up must not take
the caches away as well. Unconfirmed for over two seconds, there is no epoch, and the caches stand
aside.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
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
_READ_SECONDS: Final = 0.7
_RETRY_SECONDS: Final = 0.2
_SPACING_SECONDS: Final = 0.01
"""Between two readings, so that a flood of changes does not become a flood of readings."""


class News(StrEnum):
    """How the process came to know of a new epoch; the values of `app.signals.EPOCH_NEWS`."""

    OWN = "own"
    PUSHED = "pushed"
    POLLED = "polled"


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
        self._news = meter.counter(signals.EPOCH_MOVES)
        for news in News:
            self._news.add(0, news.value)  # a rate needs a first sample

    def current(self) -> EpochId | None:
        """Return the epoch, or None where it was not confirmed within `TRUSTED_SECONDS`."""
        return self._value if self.age() <= TRUSTED_SECONDS else None

    def age(self) -> float:
        """Seconds since the record was last known to hold this epoch."""
        return max(0.0, self._clock() - self._confirmed)

    def move(self, value: EpochId) -> None:
        """Take over the epoch of a change that this process has just committed."""
        self._moves += 1
        self._take(self._later(value), News.OWN)

    def confirmation(self, news: News = News.POLLED) -> Callable[[EpochId], None]:
        """Begin to confirm: call before reading the record, and the result with what was read.

        Trust counts from before the reading. A reading that a change of our own has overtaken may
        be older than that change, so it moves the epoch forward only; any other is taken as it
        is, backward too: a restored backup has an earlier epoch.
        """
        started, moves = self._clock(), self._moves

        def confirm(value: EpochId) -> None:
            overtaken = moves != self._moves
            self._take(self._later(value) if overtaken else value, news)
            self._confirmed = started

        return confirm

    def _take(self, value: EpochId, news: News) -> None:
        if self._value is not None and value != self._value:
            self._news.add(1, news.value)
        self._value = value

    def _later(self, value: EpochId) -> EpochId:
        return value if self._value is None else max(value, self._value)


class EpochWatcher:
    """Keeps an `Epoch` confirmed for as long as it runs."""

    def __init__(self, pool: DatabasePool, epoch: Epoch) -> None:
        self._pool = pool
        self._epoch = epoch
        self._connection: Connection = None
        self._told = asyncio.Event()
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
        pause = POLL_SECONDS
        while True:
            news = await self._next_occasion(pause)
            try:
                await self._read(news)
                pause = POLL_SECONDS
                self._report_confirmed()
            except (Unavailable, *DRIVER_ERRORS) as error:
                pause = _RETRY_SECONDS
                self._drop_connection()
                self._report(error)

    async def _next_occasion(self, pause: float) -> News:
        """Return when PostgreSQL has told of a change, or when the pause is over."""
        await asyncio.sleep(_SPACING_SECONDS)
        try:
            async with asyncio.timeout(pause):
                await self._told.wait()
        except TimeoutError:
            return News.POLLED
        self._told.clear()
        return News.PUSHED

    async def _read(self, news: News = News.POLLED) -> None:
        confirm = self._epoch.confirmation(news)
        async with asyncio.timeout(TRUSTED_SECONDS):
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._pool.connect()
                # Before the reading: no change can fall between the two and go untold.
                await self._connection.add_listener(grants.EPOCH_CHANNEL, self._was_told)
            confirm(await grants.read_epoch(self._connection, _READ_SECONDS))

    def _was_told(self, *_: object) -> None:
        self._told.set()

    def _report(self, error: Exception) -> None:
        """Say once, not each second, that the caches are out of use."""
        if not self._reported and self._epoch.current() is None:
            self._reported = True
            cause = error.__cause__ or error
            logger.warning(signals.EPOCH_UNCONFIRMED.name, **{ERROR_TYPE: error_type_of(cause)})

    def _report_confirmed(self) -> None:
        if self._reported:
            self._reported = False
            logger.info(signals.EPOCH_CONFIRMED.name)

    def _drop_connection(self) -> None:
        """Cut the connection at once: it holds nothing, and a dead one would not answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close(timeout=POLL_SECONDS)
