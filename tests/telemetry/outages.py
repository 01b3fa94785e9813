"""The other side of `outage_service`: starts it, asks it, ends it, and does the sums."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
from prometheus_client.parser import text_string_to_metric_families

from telemetry.catalog import Metric
from telemetry.catalog.pipeline import LOG_LINES, SPANS_EXPORTED, SPANS_PROCESSED
from tests.servers import free_port

_SCRIPT = Path(__file__).with_name("outage_service.py")
_REPOSITORY = Path(__file__).parents[2]
_PATIENCE_SECONDS = 60.0
SPANS_OF_A_REQUEST = 2

_CONNECTIONS = 20

Counts = dict[str, float]
Answer = tuple[int, str, str]
"""Status, body and correlation ID."""


class Service:
    """A running service; `end` sends it SIGTERM and waits until it has ended by itself."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self.ports: dict[str, int] = {}
        self.requests = 0
        self._folder = folder
        self._metrics: str | None = None

    def wait_until_it_serves(self) -> None:
        ports = self._folder / "ports.json"
        until = time.monotonic() + _PATIENCE_SECONDS
        while not ports.exists():
            assert self.process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        self.ports = json.loads(ports.read_text())

    def ask(self, number: int, status: int = 200) -> None:
        """Send that many requests over several connections, and look at every answer."""
        first = self.requests
        self.requests += number
        numbers = range(first, self.requests)
        answers = asyncio.run(self._ask(numbers, status))
        assert {number: answers[number][:2] for number in numbers} == {
            number: (status, f"answer {number}") for number in numbers
        }
        assert len({correlation for _, _, correlation in answers.values()}) == number

    async def _ask(self, numbers: range, status: int) -> dict[int, Answer]:
        answers: dict[int, Answer] = {}
        left = iter(numbers)

        async def one_after_the_other() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.ports["http"])
            for number in left:
                writer.write(f"GET /{status}/{number} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
                answers[number] = await _answer(reader)
            writer.close()
            await writer.wait_closed()

        async with asyncio.timeout(_PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
            for _ in range(_CONNECTIONS):
                tasks.create_task(one_after_the_other())
        return answers

    def scrape(self) -> str:
        answer = httpx.get(
            f"http://127.0.0.1:{self.ports['metrics']}/metrics",
            timeout=_PATIENCE_SECONDS,
            trust_env=False,
            verify=False,  # noqa: S501  # as above
        )
        assert answer.status_code == 200
        return answer.text

    def counts(self, metric: Metric, label: str = "error_type") -> Counts:
        """Return a metric's series that are not 0, by a label; of the last moment, once ended."""
        name = metric.prometheus_name
        text = self._metrics or self.scrape()
        return {
            sample.labels.get(label, ""): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and sample.value
        }

    def wait_for(self, metric: Metric, reason: str, number: float) -> None:
        """Wait until so many are counted under the reason: the stop has a deadline."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while self.counts(metric).get(reason, 0) < number:
            assert time.monotonic() < until
            time.sleep(0.05)

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(_PATIENCE_SECONDS) == 0
        self._metrics = (self._folder / "metrics.txt").read_text()

    def spans_by_end(self) -> Counts:
        """Return what became of the spans, having seen that each was counted once."""
        processed, exported = self.counts(SPANS_PROCESSED), self.counts(SPANS_EXPORTED)
        assert sum(processed.values()) == self.requests * SPANS_OF_A_REQUEST
        assert sum(exported.values()) == processed.pop("", 0)
        return exported | processed

    def lines_by_end(self) -> Counts:
        """Return what became of the log lines, having seen that each was counted once."""
        lines = self.counts(LOG_LINES)
        assert sum(lines.values()) == self.requests
        return lines


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(head.split()[1]), body.decode(), headers["x-correlation-id"]


@contextmanager
def service(
    folder: Path, *, stdout: IO[bytes] | int = subprocess.DEVNULL, **settings: object
) -> Iterator[Service]:
    """Run the service for the block, without a collector if no endpoint is given.

    It is killed at the end if it still runs.
    """
    folder.mkdir(exist_ok=True)
    settings.setdefault("otlp_endpoint", f"http://127.0.0.1:{free_port()}")
    command = [sys.executable, str(_SCRIPT), json.dumps(settings), str(folder)]
    with (
        (folder / "stderr").open("wb") as errors,
        subprocess.Popen(  # noqa: S603  # ours
            command,
            stdout=stdout,
            stderr=errors,
            cwd=folder,
            env={"PYTHONPATH": str(_REPOSITORY), "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        running = Service(process, folder)
        try:
            running.wait_until_it_serves()
            yield running
        finally:
            if process.poll() is None:
                process.kill()
        assert (folder / "stderr").read_text() == ""
