"""Health: `/livez` while the event loop turns, `/readyz` while requests can be answered.

Ready derives from the same objects as the service's work: each dependency brings its own probe.
Busy is not away: a replica that is taken out because it has too much to do leaves that to the
others, which are then taken out as well. Nobody needs a key to ask, so all who ask within
`_KEPT_SECONDS` share one round of probes: a crowd of them takes one connection.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.errors import PoolExhausted
from app.http.authentication import Handler
from app.http.responses import JsonResponse

_KEPT_SECONDS: Final = 0.5
_UP = "up"
_DOWN = "down"
_BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Dependency:
    """What the service needs, or is only quicker with; `probe` raises where it is away."""

    name: str
    probe: Callable[[], Awaitable[None]]
    is_required: bool


async def live(_: Request) -> Response:
    """Answer `GET /livez`."""
    return JsonResponse({"status": "live"})


def ready(dependencies: Sequence[Dependency]) -> Handler:
    """Return the handler of `GET /readyz`: 503 where a required dependency is away."""
    probes = _SharedProbes(dependencies)

    async def handle(_: Request) -> Response:
        states = await probes.states()
        away = [one for one, state in zip(dependencies, states, strict=True) if state == _DOWN]
        is_ready = not any(one.is_required for one in away)
        is_whole = all(state == _UP for state in states)
        status = "ready" if is_whole else "degraded"
        return JsonResponse(
            {
                "status": status if is_ready else "unready",
                "checks": {
                    one.name: {"state": state, "required": one.is_required}
                    for one, state in zip(dependencies, states, strict=True)
                },
            },
            HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE,
        )

    return handle


class _SharedProbes:
    """The dependencies' states, asked for once by all who want them at about the same time."""

    def __init__(self, dependencies: Sequence[Dependency]) -> None:
        self._dependencies = dependencies
        self._round: asyncio.Task[list[str]] | None = None
        self._ended = 0.0

    async def states(self) -> list[str]:
        """Return the state of each dependency, in their order."""
        if self._round is None or (self._round.done() and self._is_old()):
            self._round = asyncio.create_task(self._ask())
        # One who goes away takes nothing from the others.
        return await asyncio.shield(self._round)

    def _is_old(self) -> bool:
        return time.monotonic() - self._ended > _KEPT_SECONDS

    async def _ask(self) -> list[str]:
        states = await asyncio.gather(*map(_state, self._dependencies))
        self._ended = time.monotonic()
        return states


async def _state(dependency: Dependency) -> str:
    try:
        await dependency.probe()
    except PoolExhausted:
        return _BUSY
    except Exception:  # noqa: BLE001  # whatever is wrong with it, it is not up
        return _DOWN
    return _UP
