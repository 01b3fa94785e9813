"""Brings the keys on record to the `KeyRing`, twice a second, over a connection of its own.

Of its own: where the pool is exhausted, keys must still be confirmed. What it asks is one row,
the mark; the keys are read only when that has moved.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation

from app import signals
from app.database import keys
from app.database.failures import DRIVER_ERRORS
from app.database.pool import Connection, DatabasePool
from app.errors import Unavailable
from app.security.key_ring import TRUSTED_SECONDS, KeyRing
from telemetry.metrics import Meter

logger = structlog.stdlib.get_logger()

POLL_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 1.0


class KeyWatcher:
    """Keeps a `KeyRing` confirmed for as long as it runs."""

    def __init__(self, pool: DatabasePool, ring: KeyRing, meter: Meter) -> None:
        self._pool = pool
        self._ring = ring
        self._mark: UUID | None = None
        self._connection: Connection = None
        self._reported = False
        meter.gauge(signals.KEYS_AGE).set_function(lambda: ring.age)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the keys once, then watch them while the block lasts.

        Raises `Unavailable` where the first reading fails.
        """
        with suppress_instrumentation():
            try:
                await self._read()
            except BaseException:
                self._drop_connection()
                raise
            task = asyncio.create_task(self._watch(), name="key-watcher")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self._drop_connection()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._read()
                self._reported = False
            except (Unavailable, *DRIVER_ERRORS):
                self._drop_connection()
                self._report()

    async def _read(self) -> None:
        async with asyncio.timeout(TRUSTED_SECONDS):
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._pool.connect()
            started = self._ring.now()
            # The mark first: keys that change meanwhile move it again, and are read next time.
            mark = await keys.read_mark(self._connection, _ANSWER_SECONDS)
            if mark == self._mark:
                self._ring.confirm(started)
                return
            self._ring.replace(await keys.read_valid(self._connection, _ANSWER_SECONDS), started)
            self._mark = mark

    def _report(self) -> None:
        """Say once, not twice a second, that keys on record are refused."""
        if not self._reported and self._ring.age > TRUSTED_SECONDS:
            self._reported = True
            logger.warning(signals.KEYS_UNCONFIRMED.name)

    def _drop_connection(self) -> None:
        """Cut the connection at once: it holds nothing, and a dead one would not answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
