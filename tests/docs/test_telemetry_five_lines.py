"""docs/telemetry/README.md: its five lines observe a served application."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.docs.telemetry_page import BLOCKS, STARLETTE, environment, with_blocks
from tests.servers import free_port

PATIENCE_SECONDS = 30.0

PLAIN = """
from starlette.types import Receive, Scope, Send


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"  # as the simplest applications do: no lifespan
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""
APPLICATIONS = {"plain": (PLAIN, "GET"), "starlette": (STARLETTE, "GET /v1/orders/{order}")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_blocks(tmp_path)


def test_five_lines_are_five_lines() -> None:
    assert len([line for line in BLOCKS["observed_shop.py"].splitlines() if line]) == 5


class Collector:
    """Takes spans by OTLP/HTTP."""

    def __init__(self) -> None:
        self.names: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = ExportTraceServiceRequest.FromString(body)
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        collector.names += [span.name for span in scope.spans]
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@contextmanager
def served(folder: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    words = ("-m", "uvicorn", "observed_shop:app", "--port", str(port))
    with (folder / "stdout").open("w") as stdout:
        process = subprocess.Popen(  # noqa: S603  # ours
            [sys.executable, *words],
            cwd=folder,
            env=environment(folder),
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(url: str, process: "subprocess.Popen[str]") -> httpx.Response:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return httpx.get(url, headers={"X-Correlation-ID": "caller-1"})
        except httpx.TransportError:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("kind", APPLICATIONS)
def test_the_five_lines_observe_an_application_from_its_start_to_its_end(
    folder: Path, collector: Collector, kind: str
) -> None:
    application, span = APPLICATIONS[kind]
    (folder / "shop.py").write_text(application)
    metrics, port = free_port(), free_port()
    lines = folder / "observed_shop.py"
    elsewhere = f'"shop", metrics_port={metrics}, otlp_endpoint="http://127.0.0.1:'
    elsewhere += f'{collector.server.server_port}"'
    lines.write_text(lines.read_text().replace('"shop"', elsewhere))

    with served(folder, port) as process:
        answer = ask(f"http://127.0.0.1:{port}/v1/orders/7?token=hunter2", process)
        assert answer.text == "hello"
        assert answer.headers["x-correlation-id"] == "caller-1"
        until = time.monotonic() + PATIENCE_SECONDS
        count = re.compile(r"^http_server_request_duration_seconds_count\{.*\} 1", re.MULTILINE)
        while not count.search(httpx.get(f"http://127.0.0.1:{metrics}/metrics").text):
            assert time.monotonic() < until
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)

    assert collector.names == [span]
    said = (folder / "stdout").read_text()
    [line] = [json.loads(line) for line in said.splitlines() if "request.finished" in line]
    assert "/v1/orders/7" not in said  # as the server's own access log would print it
    assert line["correlation_id"] == "caller-1"
    assert line["service"] == "shop"
    assert len(line["trace_id"]) == 32
    assert "hunter2" not in said
    assert "Traceback" not in said
    assert "Application shutdown complete" in said
