"""A process's own life, from ready for work to all work handed back; `app.processes` emits it."""

from typing import Final

from telemetry.catalog.declarations import Event

SERVICE_STARTED: Final = Event("service.started", "The process is ready for work.")
PSEUDONYM_KEY_MISSING: Final = Event(
    "pseudonym_key.missing", "Names are hashed with a key that only this process has."
)
SERVICE_STOPPED: Final = Event("service.stopped", "The process has handed back all its work.")
