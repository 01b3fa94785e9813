"""The metrics endpoint: `GET /metrics` on a bind of its own, rendered in its own threads.

Text for Prometheus' classic format, OpenMetrics (the one that carries exemplars) where the scraper
asks for it. Few scrapes at once, and none may hang: a reader that stalls is cut off.
"""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.exposition import generate_latest as generate_text
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from telemetry.catalog.pipeline import SCRAPES_REFUSED
from telemetry.errors import StartError
from telemetry.metrics import Meter

OPENMETRICS_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_MAX_SCRAPES: Final = 4
_SOCKET_SECONDS: Final = 10.0


def render(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the exposition and its content type.

    Only the media type of `Accept` is read: the library's own negotiation raises on a malformed
    version and echoes unknown ones.
    """
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if "application/openmetrics-text" in wanted:
        body: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]  # the library's
        return body, OPENMETRICS_TYPE
    return generate_text(registry), CONTENT_TYPE_PLAIN_0_0_4


class MetricsEndpoint:
    """Serves a registry over HTTP until it is stopped."""

    def __init__(self, meter: Meter, host: str, port: int) -> None:
        self._meter = meter
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
            self._server = _Server((self._host, self._port), self._meter)
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
        self.slots = threading.BoundedSemaphore(_MAX_SCRAPES)
        self.refused = meter.counter(SCRAPES_REFUSED)
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a scraper that went away is no event of the service."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _SOCKET_SECONDS
    server_version = "telemetry"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a scrape."""
        if self.path.partition("?")[0] != "/metrics":
            self._answer(HTTPStatus.NOT_FOUND, b"only /metrics is here\n", "text/plain")
        elif not self.server.slots.acquire(blocking=False):
            self.server.refused.add(1)
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"too many scrapes\n", "text/plain")
        else:
            try:
                body, kind = render(self.server.registry, self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, body, kind)
            finally:
                self.server.slots.release()

    do_HEAD = do_GET  # noqa: N815  # http.server's name

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Write no line: a scrape each few seconds is not news."""
