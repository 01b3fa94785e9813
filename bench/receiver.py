"""The receiving side of one server, a process: `python -m bench.receiver <log file descriptor>`.

Takes OTLP/HTTP and counts spans; reads the server's log from the pipe and counts lines. First it
prints its port it listens on; when the log ends, which is when the server has ended, the counts.
"""

import os
import sys
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import orjson

from bench.otlp_count import count_spans

_CHUNK: Final = 1 << 20


class _Collector(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.spans = 0
        self.span_bytes = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Collector
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Take one batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        spans = count_spans(body)
        with self.server.lock:
            self.server.spans += spans
            self.server.span_bytes += len(body)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Write nothing."""


def receive(log: int) -> Mapping[str, int]:
    """Serve until the log ends; return the counts."""
    collector = _Collector()
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    _say({"port": collector.server_address[1]})
    lines = size = 0
    while chunk := os.read(log, _CHUNK):
        lines += chunk.count(b"\n")
        size += len(chunk)
    return {
        "spans": collector.spans,
        "span_bytes": collector.span_bytes,
        "lines": lines,
        "line_bytes": size,
    }


def _say(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _say(receive(int(sys.argv[1])))
