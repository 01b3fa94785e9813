"""Health: `/livez` while the event loop turns, `/readyz` while requests can be answered.

Ready derives from the same objects as the service's work: each dependency brings its own probe.
Busy is not away: a replica that is taken out because it has too much to do leaves that to the
others, which are then taken out as well.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.errors import PoolExhausted
from app.http.authentication import Handler
from app.http.responses import JsonResponse

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

    async def handle(_: Request) -> Response:
        states = await asyncio.gather(*(_state(dependency) for dependency in dependencies))
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


async def _state(dependency: Dependency) -> str:
    try:
        await dependency.probe()
    except PoolExhausted:
        return _BUSY
    except Exception:  # noqa: BLE001  # whatever is wrong with it, it is not up
        return _DOWN
    return _UP
