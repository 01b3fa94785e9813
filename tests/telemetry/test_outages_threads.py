"""What may block runs in a thread of its own, never on the event loop; and a thread survives."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from telemetry import exposition
from telemetry.bounded_http import BoundedHttp
from telemetry.destinations import JsonFile
from telemetry.log_writer import LogWriter
from telemetry.runtime import Telemetry, TelemetrySettings
from tests.telemetry.faulty_collector import collector, healthy

WORK_OF_THREADS = {"log", "export", "file", "rendering", "sending"}


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[threading.Thread]]:
    """The threads in which each kind of blocking work was done."""
    threads: dict[str, set[threading.Thread]] = {}

    def note(kind: str, owner: object, name: str) -> None:
        work: Callable[..., Any] = getattr(owner, name)

        def noting(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # whatever it is
            threads.setdefault(kind, set()).add(threading.current_thread())
            return work(*args, **kwargs)

        monkeypatch.setattr(owner, name, noting)

    note("log", LogWriter, "_write_all")
    note("export", BoundedHttp, "post")
    note("file", JsonFile, "deliver")
    note("rendering", exposition, "render")
    note("sending", exposition._Handler, "_answer")
    return threads


async def test_what_may_block_runs_in_threads_of_its_own(
    noted: dict[str, set[threading.Thread]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", lambda _, data: len(data))  # the log, kept off the screen
    with collector(healthy) as serving:
        for traces_file in (None, tmp_path / "traces.jsonl"):
            settings = TelemetrySettings(
                service_name="test",
                metrics_port=0,
                otlp_endpoint=serving.endpoint,
                traces_file=traces_file,
            )
            await observe(Telemetry(settings))
    assert set(noted) == WORK_OF_THREADS
    loops = threading.current_thread()
    for kind, threads in noted.items():
        assert loops not in threads, kind
        assert all(thread.daemon for thread in threads), kind


async def observe(telemetry: Telemetry) -> None:
    telemetry.start()
    app = telemetry.wrap(Starlette(routes=[Route("/", hello)]))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        await client.get("/")
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(f"http://127.0.0.1:{telemetry.endpoint.port}/metrics")
    await asyncio.to_thread(telemetry.stop)
