"""How late the event loop runs: a timer that notices when something held the loop."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from telemetry.catalog.runtime import EVENT_LOOP_LAG
from telemetry.metrics import Meter

_INTERVAL_SECONDS: Final = 0.1


@asynccontextmanager
async def watched_event_loop(meter: Meter) -> AsyncIterator[None]:
    """Measure the running loop for as long as the block lasts."""
    task = asyncio.create_task(_watch(meter), name="telemetry-event-loop")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch(meter: Meter) -> None:
    lag = meter.histogram(EVENT_LOOP_LAG)
    while True:
        due = time.perf_counter() + _INTERVAL_SECONDS
        await asyncio.sleep(_INTERVAL_SECONDS)
        lag.observe_with(None, max(0.0, time.perf_counter() - due))
