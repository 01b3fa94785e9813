"""A platform in miniature: a service that can break, Prometheus, Alertmanager, and who is told."""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import CollectorRegistry, Histogram, start_http_server

from alerts.clock import Clock
from compose.native.tools import find
from telemetry.catalog import http
from tests.servers import free_port

SCALE = 60
_PATIENCE_SECONDS = 120.0
_SETPRIV = shutil.which("setpriv") or "setpriv"

Found = TypeVar("Found")


def wait_for(what: str, probe: Callable[[], Found | None]) -> Found:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.2)
    message = f"waited in vain for {what}"
    raise AssertionError(message)


class Service:
    """Exposes the HTTP histogram of a service under steady traffic, whole or broken."""

    def __init__(self) -> None:
        self.port = free_port()
        self._broken = threading.Event()
        self._registry = CollectorRegistry()
        self._histogram = Histogram(
            http.REQUEST_DURATION.prometheus_name,
            http.REQUEST_DURATION.description,
            http.REQUEST_DURATION.label_names,
            buckets=http.REQUEST_DURATION.buckets,
            registry=self._registry,
        )

    def break_down(self) -> None:
        self._broken.set()

    def repair(self) -> None:
        self._broken.clear()

    @contextmanager
    def traffic(self) -> Iterator[None]:
        stop = threading.Event()

        def drive() -> None:
            while not stop.wait(0.05):
                self._answer()

        thread = threading.Thread(target=drive)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    @contextmanager
    def scraped(self) -> Iterator[None]:
        server, thread = start_http_server(self.port, "127.0.0.1", self._registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer(self) -> None:
        status, error, seconds = "200", "", 0.002
        if self._broken.is_set():
            status, error, seconds = "503", "503", 0.4
        labels = dict.fromkeys(http.REQUEST_DURATION.label_names, "") | {
            "http_request_method": "POST",
            "http_route": "/permissions/check",
            "http_response_status_code": status,
            "error_type": error,
        }
        child = self._histogram.labels(**labels)
        child.observe(seconds)


class Web(Protocol):
    """What stands under the job `sightline-web`."""

    port: int

    def break_down(self) -> None: ...

    def repair(self) -> None: ...

    def traffic(self) -> AbstractContextManager[None]: ...

    def scraped(self) -> AbstractContextManager[None]: ...


class Mailbox:
    """Takes mails over SMTP and keeps them."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 taken"

    def with_subject(self, start: str) -> EmailMessage | None:
        return next((mail for mail in self.mails if str(mail["Subject"]).startswith(start)), None)

    @contextmanager
    def open(self) -> Iterator[None]:
        controller = Controller(self, hostname="127.0.0.1", port=self.port)
        controller.start()
        try:
            yield
        finally:
            controller.stop()


class Inbox:
    """Takes Alertmanager's webhook and keeps each alert in it."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        alerts = self.alerts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                alerts.extend(json.loads(self.rfile.read(length))["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"

    def alert(self, name: str, status: str) -> dict[str, Any] | None:
        return next(
            (
                one
                for one in self.alerts
                if one["labels"]["alertname"] == name and one["status"] == status
            ),
            None,
        )

    @contextmanager
    def open(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class Platform:
    """All of it, wired by `python -m alerts build --scale 60`."""

    def __init__(self, folder: Path, web: Web | None = None) -> None:
        self.web, self.worker = web or Service(), Service()
        self.mailbox, self.inbox = Mailbox(), Inbox()
        self.prometheus_url = f"http://127.0.0.1:{free_port()}"
        self.alertmanager_url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run everything but the worker's metrics, which the test starts and stops."""
        self._generate()
        with ExitStack() as stack:
            stack.enter_context(self.mailbox.open())
            stack.enter_context(self.inbox.open())
            stack.enter_context(self.web.scraped())
            stack.enter_context(self.web.traffic())
            stack.enter_context(self._alertmanager())
            stack.enter_context(self._prometheus())
            yield

    def value(self, query: str) -> float | None:
        answer = httpx.get(f"{self.prometheus_url}/api/v1/query", params={"query": query})
        result = answer.json()["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def _generate(self) -> None:
        command = [
            *(sys.executable, "-m", "alerts", "build", f"--scale={SCALE}"),
            f"--out={self._folder}",
            f"--smarthost=127.0.0.1:{self.mailbox.port}",
            f"--webhook={self.inbox.url}",
            f"--base-url=prometheus={self.prometheus_url}",
        ]
        subprocess.run(command, check=True)  # noqa: S603 - our own generator
        interval = Clock(SCALE).scrape_interval
        jobs = {"sightline-web": self.web.port, "sightline-worker": self.worker.port}
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "rule_files": ["rules.yaml"],
            "alerting": {"alertmanagers": [_static(self.alertmanager_url.partition("//")[2])]},
            "scrape_configs": [
                {"job_name": job, **_static(f"127.0.0.1:{port}")} for job, port in jobs.items()
            ],
        }
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def _alertmanager(self) -> "_Process":
        return _Process(
            self._folder / "alertmanager.log",
            f"{self.alertmanager_url}/-/ready",
            str(find("alertmanager")),
            f"--config.file={self._folder / 'alertmanager.yaml'}",
            f"--storage.path={self._folder / 'alertmanager'}",
            f"--web.listen-address={self.alertmanager_url.partition('//')[2]}",
            f"--web.external-url={self.alertmanager_url}",
            "--cluster.listen-address=",
        )

    def _prometheus(self) -> "_Process":
        return _Process(
            self._folder / "prometheus.log",
            f"{self.prometheus_url}/-/ready",
            str(find("prometheus")),
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'prometheus'}",
            f"--web.listen-address={self.prometheus_url.partition('//')[2]}",
            f"--web.external-url={self.prometheus_url}",
            f"--rules.alert.resend-delay={Clock(SCALE).resend_delay}",
        )


class _Process:
    """A server for the length of a block; it dies with us."""

    def __init__(self, log: Path, ready_url: str, *command: str) -> None:
        self._log, self._ready_url, self._command = log, ready_url, command
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the test's own servers
                [_SETPRIV, "--pdeathsig", "TERM", "--", *self._command],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(f"{self._log.stem} to be ready: see {self._log}", self._is_ready)

    def __exit__(self, *_: object) -> None:
        assert self._process
        self._process.terminate()
        self._process.wait()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(self._ready_url).is_success
        except httpx.TransportError:
            return False


def _static(target: str) -> dict[str, Any]:
    return {"static_configs": [{"targets": [target]}]}
