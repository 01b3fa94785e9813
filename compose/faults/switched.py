"""The drill's build of the web process: `python -m compose.faults.switched web`.

The service itself, unchanged, with a switch between its telemetry and its application: what cannot
be broken from outside is broken here. Only the drill starts it; `app` does not know of it.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final, cast

from starlette.types import ASGIApp

from app import processes
from app.__main__ import run_with_telemetry
from app.settings import Settings, read_settings
from compose.faults.misbehaviour import Misbehaviour
from compose.faults.switch import SWITCH_VARIABLE
from telemetry.runtime import Telemetry

_WEB_METRICS_PORT: Final = 9464


class _SwitchedTelemetry:
    """The telemetry of the process, which wraps the application with the switch inside."""

    def __init__(self, telemetry: Telemetry, misbehaviour: Misbehaviour) -> None:
        self._telemetry = telemetry
        self._misbehaviour = misbehaviour

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever telemetry has
        return getattr(self._telemetry, name)

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Return the application inside the switch, and both inside telemetry."""
        return self._telemetry.wrap(self._misbehaviour.round(app))


async def serve(settings: Settings, telemetry: Telemetry) -> None:
    """Serve as `app web` does, and take orders."""
    misbehaviour = Misbehaviour(Path(os.environ[SWITCH_VARIABLE]), telemetry.meter)
    with misbehaviour.taking_orders():
        switched = _SwitchedTelemetry(telemetry, misbehaviour)
        await processes.serve(settings, cast("Telemetry", switched))


def main() -> int:
    """Serve until told to stop."""
    run_with_telemetry(serve, read_settings(), "web", _WEB_METRICS_PORT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
