"""Holding a lease while its work runs: the heartbeat beside the work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.database.failures import DRIVER_ERRORS
from app.errors import Unavailable
from app.reports.queue import Claim, LeaseQueue

OUTAGE: tuple[type[Exception], ...] = (*DRIVER_ERRORS, Unavailable)
"""What a queue raises while its database is away."""

_BEATS_A_LEASE = 3


@asynccontextmanager
async def kept(queue: LeaseQueue, claim: Claim) -> AsyncIterator[None]:
    """Extend the lease while the block runs; once it is lost, stop the block.

    The block is cancelled and `LeaseLostError` comes out: going on would be work for nothing. An
    exception of the block comes out as it is.
    """
    try:
        async with asyncio.TaskGroup() as group:
            heartbeat = group.create_task(_beat(queue, claim))
            yield
            heartbeat.cancel()
    except BaseExceptionGroup as raised:
        raise raised.exceptions[0] from None


async def _beat(queue: LeaseQueue, claim: Claim) -> None:
    while True:
        await asyncio.sleep(queue.lease_seconds / _BEATS_A_LEASE)
        try:
            await queue.extend(claim)
        except OUTAGE:
            # The lease may run out meanwhile: then the fence refuses the result.
            continue
