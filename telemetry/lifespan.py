"""Telemetry that starts and stops with what it observes.

    telemetry = Telemetry(TelemetrySettings(service_name="shop"))
    app = observed(app, telemetry)

For an ASGI application the server's lifespan messages are the start and the stop; for anything
else, `async with running(telemetry): ...`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.errors import StartError
from telemetry.runtime import Telemetry

_STARTUP_COMPLETE: Final = "lifespan.startup.complete"
_STARTUP_FAILED: Final = "lifespan.startup.failed"
_SHUTDOWN_COMPLETE: Final = "lifespan.shutdown.complete"
_LAST: Final = (_STARTUP_FAILED, _SHUTDOWN_COMPLETE, "lifespan.shutdown.failed")


@asynccontextmanager
async def running(telemetry: Telemetry, *, stop_seconds: float = 5.0) -> AsyncIterator[Telemetry]:
    """Run telemetry for the block, with the event loop's lag; `StartError` if it cannot start.

    What is queued at the end is delivered within `stop_seconds`, off the event loop.
    """
    telemetry.start()
    try:
        async with telemetry.watch_event_loop():
            yield telemetry
    finally:
        await asyncio.shield(asyncio.to_thread(telemetry.stop, stop_seconds))


def observed(app: ASGIApp, telemetry: Telemetry, *, stop_seconds: float = 5.0) -> ASGIApp:
    """Return the application with its requests observed, and telemetry running while it is served.

    It must be the outermost layer. An application that knows no lifespan is fine, a server that
    sends none is not: then nothing starts.
    """
    wrapped = telemetry.wrap(app)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await wrapped(scope, receive, send)
            return
        lifespan = _Lifespan(await receive(), receive, send)
        try:
            async with running(telemetry, stop_seconds=stop_seconds):
                await lifespan.run(app, scope)
        except StartError as error:
            await send({"type": _STARTUP_FAILED, "message": str(error)})
        finally:
            await lifespan.tell_the_end()

    return serve


class _Lifespan:
    """Between server and application: the application's last word waits until telemetry ended."""

    def __init__(self, startup: Message, receive: Receive, send: Send) -> None:
        self._waiting = [startup]
        self._receive_next = receive
        self._send = send
        self._known = False
        self._last: Message | None = None

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Run the application's lifespan, or stand in for an application that has none."""
        try:
            await app(scope, self._receive, self._pass_on)
        except Exception:
            if self._known:
                raise
        if not self._known:
            await self._send({"type": _STARTUP_COMPLETE})
            await self._receive_next()
            self._last = {"type": _SHUTDOWN_COMPLETE}

    async def tell_the_end(self) -> None:
        """Pass the last word on, if there is one: an application that broke off has said none."""
        if self._last is not None:
            await self._send(self._last)

    async def _receive(self) -> Message:
        return self._waiting.pop() if self._waiting else await self._receive_next()

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == _STARTUP_COMPLETE:
            self._known = True
            await self._send(message)
        elif message["type"] in _LAST:
            self._known = True
            self._last = message
