"""Cases about what telemetry itself depends on: the collector, the scraper, stdout."""

import asyncio
import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench.defects.model import Case, Maker, Seen, same

_STOP_SECONDS: Final = 3.0
_PATIENCE_SECONDS: Final = 40.0
_FLOOD_SECONDS: Final = 20.0


@contextmanager
def _hanging() -> Iterator[str]:
    """Yield the address of a collector that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def _stop(make: Maker) -> Seen:
    with _hanging() as url, make() as stack:
        stop = await asyncio.to_thread(stack.slow_collector, url)
        thread = threading.Thread(target=stop, daemon=True)
        began = time.monotonic()
        thread.start()
        await asyncio.to_thread(thread.join, _PATIENCE_SECONDS)
        took = time.monotonic() - began
    return Seen(took <= _STOP_SECONDS, f"{took:.0f} s")


async def _accept(make: Maker) -> Seen:
    with make() as stack:
        port = stack.metrics_port()

        def scrape() -> str:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            accept = "application/openmetrics-text; version=abc"
            try:
                connection.request("GET", "/metrics", headers={"Accept": accept})
                return str(connection.getresponse().status)
            except (OSError, http.client.HTTPException) as error:
                return type(error).__name__
            finally:
                connection.close()

        return same("200", await asyncio.to_thread(scrape))


async def _unread(make: Maker) -> Seen:
    with make() as stack:
        program = stack.program("flood")
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)  # noqa: ASYNC220, S603  # ours
    try:
        await asyncio.to_thread(process.wait, _FLOOD_SECONDS)
    except subprocess.TimeoutExpired:
        return Seen(ok=False, text="it waits for the reader")
    finally:
        process.kill()
        process.communicate()
    return Seen(process.returncode == 0, f"it ends, code {process.returncode}")


async def _newline(make: Maker) -> Seen:
    with make() as stack:
        program = stack.program("newline")
    words = [sys.executable, "-c", program]
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, check=True)
    return same(1, len(done.stdout.splitlines()))


CASES: Final = (
    Case("stopping while the collector does not answer", "at most 3 s", _stop, timed=True),
    Case("a scrape that accepts `version=abc`", "200", _accept),
    Case("20,000 log lines into a pipe that nobody reads", "it ends", _unread),
    Case("console lines of an event with a newline in it", "1", _newline),
)
