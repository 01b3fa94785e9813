"""Samples how long a batch of users has made no progress, into a gauge."""

import asyncio
import math
from typing import Final

from app import signals
from app.batches.user_ledger import UserBatches
from app.database.failures import DRIVER_ERRORS
from app.errors import Unavailable
from telemetry.metrics import Meter

SAMPLE_SECONDS: Final = 2.0


class CheckpointSampler:
    """Asks the table, not this process: a batch whose worker is gone has no other witness.

    Every worker samples the same table: across workers take the maximum, not the sum.
    """

    def __init__(self, batches: UserBatches, meter: Meter) -> None:
        self._batches = batches
        self._age = meter.gauge(signals.USER_BATCH_CHECKPOINT_AGE)

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            await self.sample()
            await asyncio.sleep(SAMPLE_SECONDS)

    async def sample(self) -> None:
        """Set the gauge; not a number while the database is away."""
        try:
            age = await self._batches.oldest_checkpoint_seconds()
        except (Unavailable, *DRIVER_ERRORS):
            age = math.nan
        self._age.set(age)
