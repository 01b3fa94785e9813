"""The metrics endpoint: `GET /metrics` on a bind of its own, rendered in its own threads.

Text for Prometheus' classic format, OpenMetrics (the one that carries exemplars) where the scraper
asks for it. Connections are few: each has a thread, and when there are as many as allowed, a new
one takes the place of the oldest, so that readers who stall keep nobody out until they are cut off.
"""

import contextlib
import re
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.exposition import generate_latest as generate_text
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from telemetry.catalog.pipeline import SCRAPE_REFUSALS, SCRAPES_REFUSED
from telemetry.errors import StartError
from telemetry.metrics import Meter

OPENMETRICS_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
MAX_CONNECTIONS: Final = 16
"""Handler threads that a process has at most."""
READ_SECONDS: Final = 10.0
"""What a scraper may take to send its request, or to read the whole answer."""
_PLACE_SECONDS: Final = 1.0
RENDER_SECONDS: Final = 5.0
"""How long a scrape waits for the one before it to be rendered."""

_QUALITY: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_OPENMETRICS: Final = "application/openmetrics-text"


def render(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the exposition and its content type.

    The library's own negotiation is not asked: it raises on a malformed version, echoes unknown
    ones and ignores the quality.
    """
    wanted = _quality(accept, _OPENMETRICS)
    if wanted and wanted >= _quality(accept, "text/plain"):
        body: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]  # the library's
        return body, OPENMETRICS_TYPE
    return generate_text(registry), CONTENT_TYPE_PLAIN_0_0_4


def _quality(accept: str, media_type: str) -> float:
    """Return how much a client wants that very media type, 0 to 1; nonsense is nothing."""
    best = 0.0
    for offer in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in offer.split(";"))
        if kind == media_type:
            sent = next((text[2:] for text in parameters if text.startswith("q=")), "1")
            if _QUALITY.fullmatch(sent):
                best = max(best, float(sent))
    return best


class MetricsEndpoint:
    """Serves a registry over HTTP until it is stopped."""

    def __init__(self, meter: Meter, host: str, port: int) -> None:
        self.meter = meter
        self._host = host
        self._port = port
        self._server: ThreadingHTTPServer | None = None

    @property
    def port(self) -> int:
        """The port in use, which differs from the asked one where that was 0."""
        return self._server.server_address[1] if self._server else self._port

    def start(self) -> None:
        """Listen and serve in the background, or raise `StartError`."""
        try:
            self._server = _Server((self._host, self._port), self.meter)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            message = f"metrics endpoint: cannot listen on {self._host}:{self._port}: {reason}"
            raise StartError(message) from error
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="telemetry-metrics",
            daemon=True,
        ).start()

    def stop(self) -> None:
        """Stop listening; scrapes under way end with the process."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 16

    def __init__(self, address: tuple[str, int], meter: Meter) -> None:
        self.registry = meter.registry
        # One at a time: rendering is work for the CPU, which the event loop needs too.
        self.rendering = threading.Lock()
        self.refused = meter.counter(SCRAPES_REFUSED)
        for reason in SCRAPE_REFUSALS:
            self.refused.add(0, reason)  # born at 0, or a first refusal would be no increase
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._open: dict[socket.socket, None] = {}  # oldest first
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # typeshed's
        """Give the connection a thread, at the cost of the oldest one's where all are taken."""
        if not self._places.acquire(blocking=False):
            self.refused.add(1, "too_many_connections")
            self._cut_off(1)
            if not self._places.acquire(timeout=_PLACE_SECONDS):
                self.shutdown_request(request)
                return
        self._open[request] = None
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the machine gives no more threads
            self.refused.add(1, "no_thread")
            self._leave(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # typeshed's
        """Serve the connection; its place is free afterwards."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(request)

    def server_close(self) -> None:
        """Stop listening, and cut off who is still connected."""
        super().server_close()
        self._cut_off(MAX_CONNECTIONS)

    def _leave(self, request: socket.socket) -> None:
        self._open.pop(request, None)
        self._places.release()

    def _cut_off(self, number: int) -> None:
        """Shut the oldest connections down: their threads end with an error of the socket."""
        for request in tuple(self._open)[:number]:
            self._open.pop(request, None)
            with contextlib.suppress(OSError):  # it has just ended by itself
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a scraper that went away is no event of the service."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS
    server_version = "telemetry"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a scrape."""
        if self.path.partition("?")[0] != "/metrics":
            self._answer(HTTPStatus.NOT_FOUND, b"only /metrics is here\n", "text/plain")
        elif not self.server.rendering.acquire(timeout=RENDER_SECONDS):
            self.server.refused.add(1, "busy")
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"too many scrapes\n", "text/plain")
        else:
            try:
                body, kind = render(self.server.registry, self.headers.get("Accept", ""))
            finally:
                self.server.rendering.release()
            self._answer(HTTPStatus.OK, body, kind)

    do_HEAD = do_GET  # noqa: N815  # http.server's name

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        try:
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except TimeoutError:
            self.server.refused.add(1, "reader_stalled")
            raise

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Write no line: a scrape each few seconds is not news."""
