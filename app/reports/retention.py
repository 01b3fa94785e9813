"""Forgets what a finished report holds of persons once its retention is over.

The recipient's address, whom the report was about, its idempotency key and its content go; that
there was a report, when, and how it ended stays. A dead report can be replayed until then.
"""

import asyncio
import contextlib
from typing import Final

from opentelemetry.instrumentation.utils import suppress_instrumentation

from app import signals
from app.database.pool import DatabasePool
from app.database.report_statements import FORGET_FINISHED
from app.reports.lease import OUTAGE
from telemetry.metrics import Meter

SWEEP_SECONDS: Final = 60.0
_BATCH: Final = 500
_DAY_SECONDS: Final = 86_400


class Retention:
    """Sweeps finished reports; several workers may at a time, as each passes over locked rows."""

    def __init__(self, pool: DatabasePool, meter: Meter, *, days: float) -> None:
        self._pool = pool
        self._seconds = days * _DAY_SECONDS
        self._forgotten = meter.counter(signals.RECIPIENTS_FORGOTTEN)

    async def run(self) -> None:
        """Sweep until cancelled; a database that is away is asked again at the next sweep."""
        while True:
            with contextlib.suppress(*OUTAGE):  # the consumers tell of it
                while await self.forget_some() == _BATCH:
                    pass
            await asyncio.sleep(SWEEP_SECONDS)

    async def forget_some(self) -> int:
        """Forget one batch and return how many reports it had."""
        with suppress_instrumentation():
            async with self._pool.acquire() as connection:
                count: int = await connection.fetchval(FORGET_FINISHED, self._seconds, _BATCH)
        if count:
            self._forgotten.add(count)
        return count
