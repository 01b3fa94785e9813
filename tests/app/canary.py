"""What the canary test works with: secrets, the service's real processes, and a collector."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.app.reports.conftest import Mailbox

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]

ROOT = Path(__file__).parents[2]


class Canaries:
    """Secrets by the place where each is planted. All differ, and no part of one is a word."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def __getitem__(self, place: str) -> str:
        return self.planted.setdefault(place, f"zq{uuid.uuid4().hex[:14]}")

    def found_in(self, data: bytes, *, but_for: frozenset[str] = frozenset()) -> list[str]:
        """Return the places whose secret the data has, as it was or in another writing."""
        lower = data.lower()
        return [
            place
            for place, secret in self.planted.items()
            if place not in but_for and any(form in lower for form in forms_of(secret))
        ]


def forms_of(secret: str) -> set[bytes]:
    raw = secret.encode()
    return {
        raw,
        raw[::-1],
        raw.hex().encode(),
        "".join(f"%{byte:02x}" for byte in raw).encode(),
        # Of base64 the middle, which is the same wherever a longer text is padded.
        *(base64.b64encode(b"x" * shift + raw)[4:-4].lower() for shift in range(3)),
    }


class Collector:
    """An OTLP/HTTP collector that keeps the bodies it is sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                collector.bodies.append(self.rfile.read(length))
                collector.headers.append(str(self.headers.get("authorization")))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @contextmanager
    def running(self) -> Iterator[str]:
        """Yield the endpoint."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{self._server.server_port}"
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class RefusingMailbox(Mailbox):
    """Refuses addresses that begin with `refused`, and repeats them; takes every other mail."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self.secret = secret
        self.refusals = 0

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if address.startswith("refused"):
            self.refusals += 1
            return f"550 5.1.1 <{address}> unknown here, {self.secret}"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@asynccontextmanager
async def serving(mailbox: Mailbox) -> AsyncIterator[int]:
    """Yield the port of a mail server."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="mail.test"), "127.0.0.1", 0
    )
    try:
        port: int = server.sockets[0].getsockname()[1]
        yield port
    finally:
        server.close()


class AppProcess:
    """`python -m app NAME`; `output` is all that it wrote, stdout and stderr, once it has ended."""

    def __init__(self, name: str, environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.output = b""
        self._path = folder / f"{name}.output"
        with self._path.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603  # our own
                [sys.executable, "-m", "app", name],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def require_running(self) -> None:
        assert self._process.poll() is None, self._path.read_text()

    def written(self) -> bytes:
        return self._path.read_bytes()

    async def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._process.wait, 60)
        finally:
            self._process.kill()
            self._process.wait()
        self.output = self._path.read_bytes()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines()]


async def raw_request(port: int, head: str) -> bytes:
    """Send bytes that no client library would, and return the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode())
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer
