"""One contestant called from memory, a process: `bench.instructions` runs it under callgrind."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from starlette.types import ASGIApp, Message

from bench.variants import BODY, PATH, VARIANTS, Wiring, builder
from telemetry import export, log_writer

AT_ONCE: Final = 32
_NEVER_SECONDS: Final = 3600.0
_HEADERS: Final = ((b"host", b"127.0.0.1:8000"), (b"user-agent", b"bench"), (b"accept", b"*/*"))


async def serve(app: ASGIApp, requests: int) -> int:
    """Call the application so often, some at once, each in a task; return the good answers."""
    good = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal good
        if message["type"] == "http.response.body":
            good += message.get("body") == BODY

    for _ in range(requests // AT_ONCE):
        tasks = [asyncio.create_task(_call(app, receive, send)) for _ in range(AT_ONCE)]
        for task in tasks:
            await task
    return good


async def _call(app: ASGIApp, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI's
    await app(_scope(), receive, send)


def _scope() -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "root_path": "",
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": list(_HEADERS),
        "state": {},
    }


@contextmanager
def without_pauses() -> Iterator[None]:
    """Let only full batches wake the threads of `telemetry`, and its stop.

    Valgrind makes everything some fifty times slower but the clock: what a thread does twice a
    second would be counted fifty times too often a request, and more so on a busy machine.
    """
    with (
        patch.object(export, "_DELAY_SECONDS", _NEVER_SECONDS),
        patch.object(log_writer, "_FLUSH_SECONDS", _NEVER_SECONDS),
    ):
        yield


async def _run(options: argparse.Namespace) -> bool:
    built = builder(options.variant)(Wiring(options.collector, options.sampling, ""))
    good = await serve(built.app, options.requests)
    await asyncio.to_thread(built.finish)
    return good == int(options.requests)


def main() -> int:
    """Serve and deliver; return 1 where a request was not answered rightly."""
    parser = argparse.ArgumentParser(prog="python -m bench.in_process")
    parser.add_argument("variant", choices=sorted(VARIANTS))
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--collector", required=True)
    parser.add_argument("--sampling", type=float, required=True)
    with without_pauses():
        return 0 if asyncio.run(_run(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
