"""A contestant's server and its receiver, started, frozen, read and stopped together."""

import fcntl
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, Final

import orjson
import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.client import Client, connected
from bench.cpu import LayeredCpu
from bench.variants import PATH, VARIANTS, Variant

_PATIENCE_SECONDS: Final = 60.0
_SETTLE_SECONDS: Final = 0.3
_PIPE_BYTES: Final = 1 << 20
_F_SETPIPE_SZ: Final = 1031
_SIGMA: Final = 6
_FEW: Final = 0.05
"""The share of requests that may take another way where a variant is not exact."""
# A process that this one leaves behind ends with it.
_GUARD: Final = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True, slots=True)
class Cores:
    """Where the server runs, and where everything else does; needs two cores."""

    server: int
    others: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """Take the last core for the server; `SystemExit` where there is only one."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) == 1:
            message = "the bench needs two cores: one for the server, one for the load"
            raise SystemExit(message)
        return cls(cores[-1], frozenset(cores[:-1]))

    @property
    def all(self) -> frozenset[int]:
        """Every core."""
        return self.others | {self.server}


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a server was asked and what came of it on the receiving side."""

    requests: int
    sampled: int
    spans: int
    lines: int
    counted: int


class Running:
    """A server that answers, its client, and what reads the server's CPU and memory."""

    def __init__(
        self, variant: str, pid: int, client: Client, receiver: int, started: Mapping[str, Any]
    ) -> None:
        self.variant = variant
        self.client = client
        self._receiver = receiver
        self.problems: list[str] = []
        threads = {int(thread): name for thread, name in started["threads"].items()}
        self.cpu = LayeredCpu(pid, threads)
        self._process = psutil.Process(pid)
        self._metrics_port = started["metrics_port"]

    def cpu_seconds(self) -> float:
        """Return the CPU of all threads and helper processes so far."""
        return sum(self.cpu.seconds().values())

    def processes(self) -> set[int]:
        """Return every process that is part of the measurement."""
        receiver = psutil.Process(self._receiver)
        served = (self._process, *self._process.children(recursive=True))
        received = (receiver, *receiver.children(recursive=True))
        return {os.getpid(), *(process.pid for process in (*served, *received))}

    def memory_mib(self) -> float:
        """Return the resident memory."""
        return float(self._process.memory_info().rss) / (1 << 20)

    @contextmanager
    def awake(self) -> Iterator[Client]:
        """Let the server run for the block; outside it stands still.

        So whatever it does in the background is paid in its own slices, not in its rival's.
        """
        self._process.send_signal(signal.SIGCONT)
        try:
            yield self.client
        finally:
            self._process.send_signal(signal.SIGSTOP)

    def counted(self) -> int:
        """Return the sum of the metric that counts the variant's requests; 0 where it has none."""
        expected = VARIANTS[self.variant]
        if not expected.count:
            return 0
        url = f"http://127.0.0.1:{self._metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:  # ours
            families = text_string_to_metric_families(answer.read().decode())
            samples = [sample for family in families for sample in family.samples]
        wanted = expected.labels.items()
        return int(
            sum(
                sample.value
                for sample in samples
                if sample.name == expected.count and wanted <= sample.labels.items()
            )
        )


@contextmanager
def running(
    variant: str, cores: Cores, *, sampling: float = 1.0, store: str = ""
) -> Iterator[Running]:
    """Start the variant and its receiver; at the end stop both and check what arrived.

    What did not arrive stands in `problems` of what is yielded.
    """
    log_read, log_write = os.pipe()
    _widen(log_write)
    with receiver(log_read) as receiving:
        os.close(log_read)
        words = ("--collector", receiving.address, "--sampling", str(sampling), "--store", store)
        with _server(variant, cores, words, log_write) as (server, status):
            os.close(log_write)
            started = _next(status)
            sent = VARIANTS[variant]
            with connected(
                started["port"], path=PATH, body=sent.answer, requests=sent.requests
            ) as client:
                found = Running(variant, server.pid, client, receiving.pid, started)
                yield found
                server.send_signal(signal.SIGCONT)
                time.sleep(_SETTLE_SECONDS)  # the last requests are still being counted
                counted = found.counted()
            server.send_signal(signal.SIGINT)
            sampled = _next(status)["sampled"]
            server.wait(_PATIENCE_SECONDS)
        received = receiving.received()
    arrived = Arrived(client.answered, sampled, received["spans"], received["lines"], counted)
    found.problems += problems_of(variant, sampling, arrived)


def problems_of(variant: str, sampling: float, arrived: Arrived) -> list[str]:
    """Return what is missing or too much; nothing where all arrived."""
    expected = VARIANTS[variant]
    share = sampling if expected.spans else 0.0
    wanted = arrived.requests * share * expected.spans
    # At 100 % and 0 % exactly; between them as far as chance reaches.
    chance = _SIGMA * expected.spans * (arrived.requests * share * (1 - share)) ** 0.5
    checks = (
        ("sampled spans", arrived.sampled, wanted, chance, expected.is_exact),
        ("spans received", arrived.spans, arrived.sampled, 0, True),
        ("log lines", arrived.lines, arrived.requests * expected.lines, 0, expected.is_exact),
        *_counted(expected, arrived),
    )
    return [
        f"{variant} at {sampling:.0%}: {what}: {found} in place of {right:.0f}"
        for what, found, right, margin, is_exact in checks
        if found < right - margin or (is_exact and found > right + margin)
    ]


def _counted(expected: Variant, arrived: Arrived) -> Iterator[tuple[str, int, float, float, bool]]:
    right = arrived.requests * bool(expected.count)
    few = 0 if expected.is_exact else _FEW * right
    # A few may take another way; none is counted twice.
    is_well = right - few <= arrived.counted <= right
    yield "requests counted", right if is_well else arrived.counted, right, 0, True


class Receiver:
    """The receiving side of one server."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.address = f"http://127.0.0.1:{_next(process.stdout)['port']}"

    def received(self) -> dict[str, int]:
        """Wait for the end of the server's log; return the counts."""
        counts = _next(self._process.stdout)
        self._process.wait(_PATIENCE_SECONDS)
        return counts


@contextmanager
def receiver(log: int) -> Iterator[Receiver]:
    """Run `bench.receiver`, which reads the log from that pipe."""
    # It shares the load's core and gives way to it: a latency must not show the receiver's work.
    words = ["nice", "-n", "19", *_GUARD, sys.executable, "-m", "bench.receiver", str(log)]
    with _killed_at_the_end(
        subprocess.Popen(words, stdout=subprocess.PIPE, pass_fds=(log,))  # noqa: S603  # ours
    ) as process:
        yield Receiver(process)


@contextmanager
def _server(
    variant: str, cores: Cores, words: tuple[str, ...], log: int
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    status_read, status_write = os.pipe()
    command = [
        *(*_GUARD, sys.executable, "-m", "bench.server", variant, "--core", str(cores.server)),
        *(*words, "--status", str(status_write)),
    ]
    process = subprocess.Popen(command, stdout=log, pass_fds=(status_write,))  # noqa: S603  # ours
    os.close(status_write)
    with _killed_at_the_end(process), os.fdopen(status_read, "rb") as status:
        yield process, status


@contextmanager
def _killed_at_the_end(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    with process:
        try:
            yield process
        finally:
            process.kill()


def _next(lines: IO[bytes] | None) -> dict[str, Any]:
    line = lines.readline() if lines else b""
    if not line:
        message = "a process of the bench ended before its time; its message stands above"
        raise RuntimeError(message)
    found: dict[str, Any] = orjson.loads(line)
    return found


def _widen(pipe: int) -> None:
    """Give the log what a container's log driver has: room for a burst."""
    with suppress(OSError):
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
