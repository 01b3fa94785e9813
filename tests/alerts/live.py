"""Who watches and who is told: Prometheus, two Alertmanagers, a mailbox and a webhook, all real."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alerts.clock import Clock
from compose.native.tools import find
from tests.servers import free_port

SCALE = 240
PATIENCE_SECONDS = 240.0
_SETPRIV = shutil.which("setpriv") or "setpriv"


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


class Daemon:
    """A process that can be started, frozen, killed and started again; it dies with us."""

    def __init__(
        self, log: Path, ready_url: str, *command: str, environment: dict[str, str] | None = None
    ) -> None:
        self.log, self._ready_url, self.command = log, ready_url, command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - the test's own servers
                [_SETPRIV, "--pdeathsig", "KILL", "--", *self.command],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )
        async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient() as client:
            while not await self._is_ready(client):
                assert self._process.poll() is None, self.log.read_text()[-2000:]
                await asyncio.sleep(0.1)

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(number)
            try:
                await asyncio.to_thread(self._process.wait, 20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(self._ready_url)).is_success
        except httpx.HTTPError:
            return False


class Watchers:
    """Wired by `python -m alerts build --scale`.

    The second Alertmanager is a replica that begins badly: no peer, and nobody where it sends to.
    """

    def __init__(self, folder: Path, jobs: dict[str, list[int]]) -> None:
        self.folder = folder
        self.mailbox, self.inbox = Mailbox(), Inbox()
        self.urls = {
            name: f"http://127.0.0.1:{free_port()}"
            for name in ("prometheus", "alertmanager", "replica")
        }
        self._jobs = jobs
        self._cluster = free_port()
        self._generate(folder, self.mailbox.port, self.inbox.url)
        self._generate(folder / "astray", free_port(), f"http://127.0.0.1:{free_port()}")
        self.configuration = folder / "prometheus.yml"
        self.more_rules = folder / "more.yaml"
        self.more_rules.write_text("groups: []\n")
        self.configuration.write_text(yaml.safe_dump(self._document()))
        self.prometheus = Daemon(
            folder / "prometheus.log",
            f"{self.urls['prometheus']}/-/ready",
            str(find("prometheus")),
            f"--config.file={self.configuration}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={self._address('prometheus')}",
            f"--web.external-url={self.urls['prometheus']}",
            f"--rules.alert.resend-delay={Clock(SCALE).resend_delay}",
        )
        self.alertmanager = self._alertmanager("alertmanager", folder, self._cluster, ())
        self.astray = self._alertmanager("replica", folder / "astray", free_port(), ())
        self.replica = self._alertmanager(
            "replica", folder, free_port(), (f"--cluster.peer=127.0.0.1:{self._cluster}",)
        )

    async def values(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and values of what a query finds now."""
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.get(
                f"{self.urls['prometheus']}/api/v1/query", params={"query": query}
            )
        assert answer.is_success, answer.text
        found = answer.json()["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    async def graphs(self, name: str) -> set[str]:
        """Return what the graphs draw that a firing alert's messages link to."""
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.get(f"{self.urls['prometheus']}/api/v1/alerts")
        return {
            httpx.URL(alert["annotations"]["graph_url"]).params["g0.expr"]
            for alert in answer.json()["data"]["alerts"]
            if alert["labels"]["alertname"] == name and alert["state"] == "firing"
        }

    def _generate(self, folder: Path, smtp: int, webhook: str) -> None:
        folder.mkdir(exist_ok=True)
        command = [
            *(sys.executable, "-m", "alerts", "build", f"--scale={SCALE}", f"--out={folder}"),
            f"--smarthost=127.0.0.1:{smtp}",
            f"--webhook={webhook}",
            f"--base-url=prometheus={self.urls['prometheus']}",
        ]
        subprocess.run(command, check=True)  # noqa: S603 - our own generator

    def _address(self, name: str) -> str:
        return self.urls[name].partition("//")[2]

    def _document(self) -> dict[str, Any]:
        interval = Clock(SCALE).scrape_interval
        addresses = {
            job: [f"127.0.0.1:{port}" for port in ports] for job, ports in self._jobs.items()
        }
        addresses["prometheus"] = [self._address("prometheus")]
        addresses["alertmanager"] = [self._address(name) for name in ("alertmanager", "replica")]
        return {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "rule_files": ["rules.yaml", "more.yaml"],
            "alerting": {"alertmanagers": [_static(addresses["alertmanager"])]},
            "scrape_configs": [{"job_name": job, **_static(of)} for job, of in addresses.items()],
        }

    def _alertmanager(self, name: str, files: Path, cluster: int, peers: tuple[str, ...]) -> Daemon:
        return Daemon(
            self.folder / f"{name}.log",
            f"{self.urls[name]}/-/ready",
            str(find("alertmanager")),
            f"--config.file={files / 'alertmanager.yaml'}",
            f"--storage.path={self.folder / name}",
            f"--web.listen-address={self._address(name)}",
            f"--web.external-url={self.urls[name]}",
            f"--cluster.listen-address=127.0.0.1:{cluster}",
            "--cluster.peer-timeout=1s",
            "--cluster.reconnect-timeout=10s",
            *peers,
        )


def _static(targets: list[str]) -> dict[str, Any]:
    return {"static_configs": [{"targets": targets}]}
