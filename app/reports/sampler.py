"""Samples how much waits on each queue and for how long, into gauges."""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from app import signals
from app.reports.lease import OUTAGE
from app.reports.queue import LeaseQueue
from telemetry.metrics import Meter

SAMPLE_SECONDS: Final = 2.0


class BacklogSampler:
    """Every worker samples the same tables: across workers take the maximum, not the sum."""

    def __init__(self, queues: Sequence[LeaseQueue], meter: Meter) -> None:
        self._queues = tuple(queues)
        self._depth = meter.gauge(signals.QUEUE_DEPTH)
        self._age = meter.gauge(signals.QUEUE_AGE)
        self._dead = meter.gauge(signals.DEAD_LETTERS)

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            for queue in self._queues:
                await self.sample(queue)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def sample(self, queue: LeaseQueue) -> None:
        """Set the gauges of one queue; not a number while the database is away.

        The last known value would look like a queue that is fine.
        """
        try:
            backlog = await queue.backlog()
        except OUTAGE:
            depth = age = dead = math.nan
        else:
            depth, age, dead = backlog.depth, backlog.oldest_seconds, backlog.dead
        self._depth.set(depth, queue.name)
        self._age.set(age, queue.name)
        self._dead.set(dead, queue.name)
