"""The service's processes and its mail server, for faults in the way of a report.

What the mail server takes is the ledger of deliveries; it is outside of all that is killed.
"""

import asyncio
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import asyncpg
import httpx
from aiosmtpd.smtp import SMTP

from tests.app.reports.conftest import Mailbox
from tests.conftest import API_KEY
from tests.servers import free_port

LEASE_SECONDS = 3.0

_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 60.0


class Process:
    """One `python -m app web` or `worker`, to be stopped, frozen or killed."""

    def __init__(self, name: str, environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self.port, self._metrics_port = free_port(), free_port()
        self._log = folder / f"{name}-{self.port}.log"
        given = {
            "PATH": os.environ["PATH"],
            "SIGHTLINE_HTTP_PORT": str(self.port),
            "SIGHTLINE_METRICS_PORT": str(self._metrics_port),
            "SIGHTLINE_API_KEYS": json.dumps(
                {"tests": hashlib.sha256(API_KEY.encode()).hexdigest()}
            ),
            "SIGHTLINE_TRACES_FILE": str(folder / f"{name}-{self.port}-traces.jsonl"),
            "SIGHTLINE_PSEUDONYM_KEY": "a key that is only for these tests",
            "SIGHTLINE_LEASE_SECONDS": str(LEASE_SECONDS),
            "SIGHTLINE_POLL_SECONDS": "0.1",
            **environment,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  # ours
                [sys.executable, "-m", "app", name], cwd=_ROOT, env=given, stdout=log, stderr=log
            )

    async def ready(self) -> Self:
        port, path = (
            (self.port, "readyz") if self.name == "web" else (self._metrics_port, "metrics")
        )
        async with asyncio.timeout(_PATIENCE_SECONDS), httpx.AsyncClient() as client:
            while True:
                assert self._process.poll() is None, self.log
                try:
                    answer = await client.get(f"http://127.0.0.1:{port}/{path}")
                    if answer.is_success:
                        return self
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {API_KEY}"},
            timeout=30,
        )

    async def metric(self, name: str, **labels: str) -> float:
        """The sample of that name whose labels include these; 0 where there is none yet."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self._metrics_port}/metrics")).text
        for line in text.splitlines():
            found = re.fullmatch(rf"{name}\{{(.*)\}} (\S+)", line)
            if found and all(f'{key}="{value}"' in found[1] for key, value in labels.items()):
                return float(found[2])
        return 0.0

    @property
    def log(self) -> str:
        """What it has told so far."""
        return self._log.read_text()

    def end(self) -> int:
        """Stop it whatever state it is in; its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode


class Stage:
    """A database, a mail server, and the processes of a test; all gone at its end."""

    def __init__(self, database_url: str, cache_url: str, folder: Path) -> None:
        self.mailbox = Mailbox()
        self.mailbox.port = free_port()
        self.database_url = database_url
        self._folder = folder
        self._environment = {
            "SIGHTLINE_DATABASE_URL": database_url,
            "SIGHTLINE_REDIS_URL": cache_url,
            "SIGHTLINE_SMTP_PORT": str(self.mailbox.port),
        }
        self._processes: list[Process] = []
        self._mail_server: asyncio.Server | None = None

    async def start(self, name: str, **settings: str) -> Process:
        process = Process(name, self._environment | settings, self._folder)
        self._processes.append(process)
        return await process.ready()

    async def serve_mail(self) -> None:
        self._mail_server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self.mailbox, hostname="mail.test", enable_SMTPUTF8=False),
            "127.0.0.1",
            self.mailbox.port,
        )

    def delivered(self) -> Counter[str]:
        """How often each task's mail was taken."""
        return Counter(
            str(mail["Message-ID"]).removeprefix("<").partition("@")[0]
            for mail in self.mailbox.mails
        )

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.database_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def sql(self, statement: str, *values: object) -> Any:  # noqa: ANN401  # a column's
        async with self.database() as connection:
            return await connection.fetchval(statement, *values)

    async def until(self, probe: Callable[[], Awaitable[Any]], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not await probe():  # noqa: ASYNC110  # another process has no Event
                await asyncio.sleep(0.05)

    async def until_sql(self, statement: str, *values: object, seconds: float = 60.0) -> None:
        await self.until(lambda: self.sql(statement, *values), seconds)

    async def close(self) -> None:
        self.mailbox.may_answer.set()
        codes = await asyncio.gather(
            *(asyncio.to_thread(process.end) for process in self._processes)
        )
        if self._mail_server is not None:
            self._mail_server.close()
        assert set(codes) <= {0, -signal.SIGKILL}, codes


async def ask_for_report(client: httpx.AsyncClient, key: str | None = None, **body: str) -> UUID:
    """The task ID of a report that was acknowledged."""
    headers = {} if key is None else {"Idempotency-Key": key}
    wanted = {"recipient": "auditor@example.com"} | body
    answer = await client.post("/reports", json=wanted, headers=headers)
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["task_id"])
