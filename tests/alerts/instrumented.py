"""A service with the real telemetry, in this process, of which every part can be made to fail."""

import errno
import itertools
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from telemetry.bounds import Bounds
from telemetry.catalog import http
from telemetry.catalog.declarations import Counter, Label
from telemetry.exposition import MAX_CONNECTIONS
from telemetry.log_line import MAX_LINE_BYTES
from telemetry.log_writer import LogWriter
from telemetry.propagation import parse_traceparent
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.span_queue import SpanBatch
from tests.servers import free_port

_GROWING = Counter(
    name="some.events",
    unit="{event}",
    description="Events by a label that has no end.",
    labels=(Label("some.label"),),
    max_series=5,
)
_TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_ANSWERED = tuple(
    {"http.request.method": "GET", "url.scheme": "http", "http.route": "/"}.get(label.attribute, "")
    for label in http.REQUEST_DURATION.labels
)
_TICK_SECONDS = 0.1


class InstrumentedService:
    """Under steady traffic. While it is broken: a collector and a disk that refuse, an error of
    ours in every other delivery of spans, labels without end, lines without end, clients that send
    nonsense, and scrapers that hold their connections.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self._broken = threading.Event()
        self.calls = threading.Event()
        """Set while somebody calls."""
        self.calls.set()
        self._collector = self._new_collector()
        self._telemetry = Telemetry(
            TelemetrySettings(
                service_name="sightline-web",
                metrics_port=self.port,
                otlp_endpoint=f"http://127.0.0.1:{self._collector.server_port}",
            ),
            line_sink=_Nowhere(),
        )
        self._let_deliveries_fail()
        meter = self._telemetry.meter
        self._writer = LogWriter(meter, write=self._write)
        self._bounds = Bounds(meter)
        self._durations = meter.histogram(http.REQUEST_DURATION)
        self._growing = meter.counter(_GROWING)
        self._numbers = itertools.count()
        self._scrapers: deque[socket.socket] = deque()

    def break_down(self) -> None:
        self._broken.set()

    def repair(self) -> None:
        self._broken.clear()

    @contextmanager
    def traffic(self) -> Iterator[None]:
        stop = threading.Event()

        def drive() -> None:
            while not stop.wait(_TICK_SECONDS):
                self._serve()

        threads = [threading.Thread(target=each) for each in (drive, self._collector.serve_forever)]
        with ExitStack() as stack:
            for thread in threads:
                stack.callback(thread.join)
                thread.start()
            stack.callback(self._collector.server_close)
            stack.callback(self._collector.shutdown)
            stack.callback(stop.set)
            yield

    @contextmanager
    def scraped(self) -> Iterator[None]:
        self._writer.start()
        self._telemetry.start()
        try:
            yield
        finally:
            self._leave()
            self._telemetry.stop(1)
            self._writer.stop(1)

    def _serve(self) -> None:
        broken = self._broken.is_set()
        with self._telemetry.tracing.tracer.start_as_current_span("work") as span:
            if broken:
                span.set_attribute("nobody.declared.it", 1)
            if self.calls.is_set():
                self._durations.observe(0.002, *_ANSWERED)
        parse_traceparent(b"nonsense" if broken else _TRACEPARENT, refused=self._bounds.refused)
        self._writer.put(b"x" * (MAX_LINE_BYTES if broken else 80) + b"\n")
        self._growing.add(1, str(next(self._numbers)) if broken else "one")
        if not broken:
            self._leave()
        else:
            self._scrapers.append(socket.create_connection(("127.0.0.1", self.port)))
            self._leave(but=2 * MAX_CONNECTIONS)

    def _leave(self, but: int = 0) -> None:
        while len(self._scrapers) > but:
            self._scrapers.popleft().close()

    def _write(self, data: bytes) -> int:
        if self._broken.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(data)

    def _let_deliveries_fail(self) -> None:
        export, turns = self._telemetry._export, itertools.count()
        assert export is not None
        deliver = export._destination.deliver

        def failing(spans: SpanBatch, timeout_seconds: float) -> int:
            if self._broken.is_set() and next(turns) % 2:
                message = "an error that nobody thought of"
                raise RuntimeError(message)
            return deliver(spans, timeout_seconds)

        export._destination.deliver = failing  # type: ignore[method-assign]  # a fault of ours

    def _new_collector(self) -> ThreadingHTTPServer:
        broken = self._broken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(400 if broken.is_set() else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


class _Nowhere:
    def put(self, *lines: bytes) -> None:
        """Drop the lines: lines are put by hand here."""
