import asyncio
import time

from telemetry.catalog.runtime import EVENT_LOOP_LAG
from telemetry.testing import captured_telemetry


async def test_a_blocked_loop_is_seen() -> None:
    with captured_telemetry() as captured:
        async with captured.telemetry.watch_event_loop():
            await asyncio.sleep(0.01)
            time.sleep(0.4)  # noqa: ASYNC251  # blocking the loop is what is tested
            await asyncio.sleep(0.15)
        registry = captured.telemetry.meter.registry
        name = EVENT_LOOP_LAG.prometheus_name
        slow = (registry.get_sample_value(f"{name}_count") or 0) - (
            registry.get_sample_value(f"{name}_bucket", {"le": "0.25"}) or 0
        )
        assert slow == 1
