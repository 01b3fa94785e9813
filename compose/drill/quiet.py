"""When an incident is over for the next one: no alert stands, no message of it is to come."""

import asyncio
import time
from typing import Final

import httpx

from alerts import naming
from compose.drill.telling import Key, still_fires
from compose.drill.watch import Watch

_POLL_SECONDS: Final = 0.2
_QUIET_SECONDS: Final = 90.0
_LETTERS_SECONDS: Final = 9.0
"""After which a message is not waited for any more: one of an alert that was silenced by another
as it ended never comes."""
_CALM_SECONDS: Final = 6.0
"""Of calm before the next fault: a panel's level before it is taken from these."""


async def until_quiet(watch: Watch, alertmanager: str, since: float) -> list[str]:
    """Wait until Prometheus and Alertmanager have no alert and all that was told is told over.

    Return the alerts that stand nevertheless; `since` is when the incident began.
    """
    until = time.monotonic() + _QUIET_SECONDS
    async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
        while standing := {*watch.active(), *watch.pending(), *await _known(client, alertmanager)}:
            if time.monotonic() >= until:
                return sorted(standing)
            await asyncio.sleep(_POLL_SECONDS)
    await asyncio.sleep(_CALM_SECONDS)
    letters = time.monotonic() + _LETTERS_SECONDS
    while time.monotonic() < letters:
        if not awaited(watch, since):
            break
        await asyncio.sleep(_POLL_SECONDS)
    return []


def awaited(watch: Watch, since: float) -> set[Key]:
    """Return what the mails said last to fire."""
    fires: set[Key] = set()
    for notice in watch.since(since):
        if notice.via == "mail":
            fires = still_fires(fires, notice.said)
    return fires


async def _known(client: httpx.AsyncClient, alertmanager: str) -> set[str]:
    """Return the names of the alerts that Alertmanager holds, the dead man's aside."""
    answer = await client.get(f"{alertmanager}/api/v2/alerts")
    names = {one["labels"][naming.ALERTNAME] for one in answer.raise_for_status().json()}
    return names - {naming.WATCHDOG}
