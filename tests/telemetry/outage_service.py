"""A small service in a process of its own, for tests that break what its telemetry leads to.

    python outage_service.py '{"otlp_endpoint": ..., ...}' FOLDER

Its settings are those of `TelemetrySettings`. It writes `ports.json` when it serves, and at its end
`metrics.txt`: what a scrape after the last loss would show. It ends by SIGTERM, by itself.
"""

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telemetry.catalog import Span, SpanKind
from telemetry.exposition import render
from telemetry.runtime import Telemetry, TelemetrySettings

WORK: Final = Span("work", SpanKind.INTERNAL, "Some work.")
STOP_SECONDS: Final = 1.0


def application(telemetry: Telemetry) -> Starlette:
    async def answer(request: Request) -> Response:
        with telemetry.tracing.span(WORK):
            await asyncio.sleep(0)
        number: int = request.path_params["number"]
        return PlainTextResponse(f"answer {number}", request.path_params["status"])

    return Starlette(routes=[Route("/{status:int}/{number:int}", answer)])


async def serve(settings: dict[str, Any], folder: Path) -> None:
    if "traces_file" in settings:
        settings["traces_file"] = Path(settings["traces_file"])
    telemetry = Telemetry(TelemetrySettings(service_name="outage", metrics_port=0, **settings))
    telemetry.start()
    app = telemetry.wrap(application(telemetry))
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
        ports = {"http": listening.getsockname()[1], "metrics": telemetry.endpoint.port}
        (folder / "ports.new").write_text(json.dumps(ports))
        (folder / "ports.new").rename(folder / "ports.json")
        # uvicorn raises the signal that ended it once more; it has done its work by then.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
        await uvicorn.Server(config).serve(sockets=[listening])
    await asyncio.to_thread(telemetry.stop, STOP_SECONDS)
    (folder / "metrics.txt").write_bytes(render(telemetry.meter.registry, "")[0])


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1]), Path(sys.argv[2])))
