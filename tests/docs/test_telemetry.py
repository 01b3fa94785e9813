"""docs/telemetry/README.md: its blocks run, in fresh processes, and its tables are true."""

import ast
import dataclasses
import json
import os
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

from telemetry.runtime import TelemetrySettings
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/telemetry/README.md").read_text()
BLOCKS = dict(re.findall(r"```python (\S+)\n(.*?)```", PAGE, re.DOTALL))
PATIENCE_SECONDS = 30.0

PLAIN = """
from starlette.types import Receive, Scope, Send


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"  # as the simplest applications do: no lifespan
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def order(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


application = Starlette(routes=[Mount("/v1", routes=[Route("/orders/{order}", order)])])
"""
APPLICATIONS = {"plain": (PLAIN, "GET"), "starlette": (STARLETTE, "GET /v1/orders/{order}")}


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "error"}


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # ours
        [sys.executable, *words],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every block of the page in a file of its name."""
    for name, text in BLOCKS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_block_of_python_has_a_name_and_so_is_run() -> None:
    assert PAGE.count("```python") == len(BLOCKS) > 5


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
    words = ("-m", "uvicorn", "observed_shop:app", "--port", str(port), "--no-access-log")
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
    assert line["correlation_id"] == "caller-1"
    assert line["service"] == "shop"
    assert len(line["trace_id"]) == 32
    assert "hunter2" not in said
    assert "Traceback" not in said
    assert "Application shutdown complete" in said


def test_the_pages_own_tests_pass(folder: Path) -> None:
    quiet = ("-p", "no:cacheprovider", "-p", "no:asyncio")
    run = python(folder, "-m", "pytest", "-q", *quiet, "test_shop_orders.py")
    assert "2 passed" in run.stdout, run.stdout


def test_the_worker_keeps_its_callers_id(folder: Path) -> None:
    (folder / "driver.py").write_text(
        """
import asyncio

from shop_worker import OrderQueue, work
from telemetry.context import bound_correlation_id
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.testing import captured_telemetry

with captured_telemetry() as captured:
    queue = OrderQueue(captured.telemetry)
    with bound_correlation_id("caller-1"):
        carrier = queue.send("7")
    assert queue.process("7", carrier) == "caller-1"
    assert captured.span_names() == ["send orders", "process orders"]
    assert len(captured.span("process orders").links) == 1

stop = asyncio.Event()
stop.set()
asyncio.run(work(Telemetry(TelemetrySettings(service_name="w", metrics_port=0)), stop))
"""
    )
    run = python(folder, "driver.py")
    assert (run.returncode, run.stderr) == (0, "")


def test_the_pages_code_is_strictly_typed(folder: Path) -> None:
    (folder / "shop.py").write_text(STARLETTE)
    run = subprocess.run(  # noqa: S603  # ours
        [
            *(sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")),
            *("--cache-dir", str(folder / ".mypy_cache"), "--follow-imports", "silent"),
            *(*BLOCKS, "shop.py"),
        ],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert (ROOT / "telemetry/py.typed").exists()


def test_the_settings_table_is_complete_and_its_defaults_are_true() -> None:
    table = PAGE[PAGE.index("## Settings") :]
    rows = dict(re.findall(r"^\| `(\w+)` \| ?(.*?) \| .+ \|$", table, re.MULTILINE))
    fields = {field.name: field for field in dataclasses.fields(TelemetrySettings)}
    assert list(rows) == list(fields)
    made = TelemetrySettings(service_name="shop")
    for name, shown in rows.items():
        if shown.startswith("`"):
            assert ast.literal_eval(shown.strip("`")) == getattr(made, name), name
        else:
            assert shown in ("", "random", "those of the conventions"), name


def imported(path: Path) -> set[str]:
    """The modules that a file imports, by their full names; some of these are names in one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def third_party(*modules: str) -> set[str]:
    """What these modules of telemetry need, with all that they import, by its name on PyPI."""
    needed: set[str] = set()
    open_ends, seen = list(modules), set[str]()
    while open_ends:
        module = open_ends.pop()
        path = ROOT / module.replace(".", "/")
        if module in seen or not (found := [*path.parent.glob(f"{path.name}.py")]):
            continue
        seen.add(module)
        open_ends += [one for one in imported(found[0]) if one.startswith("telemetry.")]
        needed |= imported(found[0])
    assert len(seen) > len(modules)
    foreign = {name for name in needed if name.split(".")[0] not in sys.stdlib_module_names}
    return {_distribution(name) for name in foreign} - {"telemetry"}


def _distribution(module: str) -> str:
    first, *rest = module.split(".")
    if first != "opentelemetry":
        return first.replace("_", "-")
    if not rest:
        return "opentelemetry-api"
    if rest[:2] == ["instrumentation", "asyncpg"]:
        return "opentelemetry-instrumentation-asyncpg"
    if rest[0] == "instrumentation":
        return "opentelemetry-instrumentation"
    return "opentelemetry-sdk" if rest[:1] == ["sdk"] else "opentelemetry-api"


def test_what_it_needs_is_what_the_page_says() -> None:
    section = PAGE[PAGE.index("## Take it") : PAGE.index("## Signals of your own")]
    needs = dict(re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE))
    core = _quoted(needs["all of it"])
    assert (
        third_party(*(f"telemetry.{name}" for name in ("lifespan", "messaging", "testing"))) == core
    )
    assert third_party("telemetry.asyncpg") - core == _quoted(needs["`telemetry.asyncpg` besides"])
    assert third_party("telemetry.redis") - core == _quoted(needs["`telemetry.redis` besides"])


def _quoted(text: str) -> set[str]:
    return set(re.findall(r"`([\w-]+)`", text))


def test_it_works_where_nothing_else_is_installed(tmp_path: Path) -> None:
    blocked = ("app", "asyncpg", "dashboards", "pydantic", "pytest", "redis", "uvicorn", "wrapt")
    program = f"""
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
import telemetry.lifespan, telemetry.messaging, telemetry.testing
with telemetry.testing.captured_telemetry() as captured:
    assert captured.spans() == []
"""
    run = python(tmp_path, "-c", program)
    assert (run.returncode, run.stderr) == (0, "")
