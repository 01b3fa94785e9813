"""The web service as a process of its own, as its users have it."""

import asyncio
import hashlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.conftest import API_KEY
from tests.servers import free_port

_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 60.0


class WebProcess:
    """A started process; `metric` reads its own metrics endpoint."""

    def __init__(
        self,
        environment: dict[str, str],
        folder: Path,
        verify: ssl.SSLContext | bool = True,  # noqa: FBT001, FBT002  # as httpx has it
    ) -> None:
        self.port, self._metrics_port = free_port(), free_port()
        self._verify = verify
        scheme = "https" if isinstance(verify, ssl.SSLContext) else "http"
        self._url = f"{scheme}://127.0.0.1:{self.port}"
        self._log = folder / f"web-{self.port}.log"
        given = {
            "PATH": os.environ["PATH"],
            "SIGHTLINE_HTTP_PORT": str(self.port),
            "SIGHTLINE_METRICS_PORT": str(self._metrics_port),
            "SIGHTLINE_API_KEYS": json.dumps(
                {"tests": hashlib.sha256(API_KEY.encode()).hexdigest()}
            ),
            "SIGHTLINE_TRACES_FILE": str(folder / "traces.jsonl"),
            "SIGHTLINE_PSEUDONYM_KEY": "a key that is only for these tests",
            **environment,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app", "web"], cwd=_ROOT, env=given, stdout=log, stderr=log
            )

    async def ready(self) -> None:
        """Return once the process says that it is ready."""
        async with asyncio.timeout(_PATIENCE_SECONDS), self.client() as client:
            while True:
                assert self._process.poll() is None, self.log
                try:
                    if (await client.get("/readyz")).is_success:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    def client(
        self, timeout: float = 30.0, verify: ssl.SSLContext | None = None
    ) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._url,
            verify=verify or self._verify,
            headers={"Authorization": f"Bearer {API_KEY}"},
            limits=httpx.Limits(max_connections=None),
            timeout=timeout,
        )

    async def metric(self, series: str) -> float:
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self._metrics_port}/metrics")).text
        found = re.search(rf"^{re.escape(series)} (\S+)", text, re.MULTILINE)
        assert found, f"{series} is not in:\n{text}"
        return float(found[1])

    @property
    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise


@asynccontextmanager
async def web_process(
    environment: dict[str, str],
    folder: Path,
    verify: ssl.SSLContext | bool = True,  # noqa: FBT001, FBT002  # as httpx has it
) -> AsyncIterator[WebProcess]:
    """Run a web process for the block; it has to end well."""
    process = WebProcess(environment, folder, verify)
    try:
        await process.ready()
        yield process
    finally:
        code = await asyncio.to_thread(process.stop)
    assert code == 0, process.log


async def seconds_until_served(client: httpx.AsyncClient, ask: httpx.Request) -> float:
    """Seconds until a request is answered by a 2xx."""
    began = time.monotonic()
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not (await client.send(ask)).is_success:  # noqa: ASYNC110  # another process has no Event
            await asyncio.sleep(0.02)
    return time.monotonic() - began
