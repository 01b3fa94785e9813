"""The same kills and the same stall with pgqueuer, for `docs/decisions/queue-on-postgresql.md`.

    python -m tests.faults.pgqueuer_ledger --python PYTHON_WITH_PGQUEUER [--jobs N] [--kills N]

No test: pgqueuer is no dependency. The ledger is a socket in this process, as the mail server is
for our own workers; a job is lost where it never arrives, and twice where it does so again.
"""

import argparse
import asyncio
import functools
import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from tests.servers import PostgresServer

_WORKER = Path(__file__).with_name("pgqueuer_worker.py")
_PATIENCE_SECONDS = 900.0
_QUIET_SECONDS = 30.0


class Ledger:
    """Who told of which job; answers once `may_answer` of that process is set."""

    def __init__(self) -> None:
        self.told: Counter[int] = Counter()
        self.held: set[int] = set()
        self.holding = False
        self.released: dict[int, asyncio.Event] = {}
        self.port = 0

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def has(self, count: int) -> bool:
        return self.told.total() >= count

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        words = (await reader.readline()).split()
        if words:
            job, pid = map(int, words)
            self.told[job] += 1
            self.held.add(pid)
            if self.holding:
                await self.released.setdefault(pid, asyncio.Event()).wait()
            await asyncio.sleep(0.003)  # what a mail server takes
            writer.write(b"ok\n")
        writer.close()


class Run:
    """A fresh database with pgqueuer's tables, and the processes on it."""

    def __init__(self, python: str, url: str, ledger: Ledger) -> None:
        self._python, self._url, self._ledger = python, url, ledger

    def start(self, action: str, number: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  # ours
            [self._python, str(_WORKER), action, str(number)],
            env={"PATH": os.environ["PATH"], "DATABASE_URL": self._url},
            stderr=subprocess.DEVNULL,
        )

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("work", self._ledger.port)

    def once(self, action: str, number: int) -> None:
        if self.start(action, number).wait():
            raise RuntimeError(action)

    async def rows(self, status: str = "") -> int:
        connection = await asyncpg.connect(self._url)
        try:
            where = f"WHERE status = '{status}'" if status else ""
            count: Any = await connection.fetchval(f"SELECT count(*) FROM pgqueuer {where}")  # noqa: S608  # ours
        finally:
            await connection.close()
        return int(count)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110  # another process has no Event
            await asyncio.sleep(0.01)


async def killed(run: Run, ledger: Ledger, jobs: int, kills: int) -> str:
    await asyncio.to_thread(run.once, "enqueue", jobs)
    workers = [run.worker() for _ in range(2)]
    chance = random.Random(11)  # noqa: S311  # no secret
    began = time.monotonic()
    for kill in range(kills):
        due = jobs * (kill + 1) // (kills + 2)
        await until(functools.partial(ledger.has, due))
        await asyncio.sleep(chance.uniform(0, 0.1))
        victim = workers.pop(chance.randrange(2))
        victim.kill()
        victim.wait()
        workers.append(run.worker())
    last, at = -1, time.monotonic()
    while await run.rows() and time.monotonic() - began < _PATIENCE_SECONDS:
        if ledger.told.total() != last:
            last, at = ledger.told.total(), time.monotonic()
        elif time.monotonic() - at > _QUIET_SECONDS:
            break
        await asyncio.sleep(0.2)
    seconds = time.monotonic() - began
    for worker in workers:
        worker.kill()
        worker.wait()
    twice = ledger.told.total() - len(ledger.told)
    return (
        f"{jobs} jobs, {kills} kills: {jobs - len(ledger.told)} lost, {twice} told twice,"
        f" {await run.rows()} left in the queue, {seconds:.0f} s"
    )


async def stalled(run: Run, ledger: Ledger) -> str:
    """A worker stalls past its heartbeat, another takes the job, the first goes on and ends."""
    ledger.holding = True
    await asyncio.to_thread(run.once, "enqueue", 1)
    first = run.worker()
    try:
        await until(lambda: first.pid in ledger.held)
        first.send_signal(signal.SIGSTOP)
        second = run.worker()
        try:
            await until(lambda: second.pid in ledger.held)
            before = await run.rows("picked")
            first.send_signal(signal.SIGCONT)
            ledger.released.setdefault(first.pid, asyncio.Event()).set()
            await asyncio.sleep(6)
            after = await run.rows("picked")
            accepted = before and not after
            return f"late completion {'accepted' if accepted else 'refused'} while another works"
        finally:
            second.kill()
            second.wait()
    finally:
        first.kill()
        first.wait()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", required=True)
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(Path(folder)).start()
        try:
            for scene in ("killed", "stalled"):
                ledger = Ledger()
                listening = await ledger.serve()
                connection = await asyncpg.connect(server.url())
                await connection.execute(f"CREATE DATABASE {scene}")
                await connection.close()
                run = Run(given.python, server.url(scene), ledger)
                await asyncio.to_thread(run.once, "install", 0)
                told = (
                    await killed(run, ledger, given.jobs, given.kills)
                    if scene == "killed"
                    else await stalled(run, ledger)
                )
                print(f"pgqueuer, {scene}: {told}", flush=True)  # noqa: T201  # its result
                listening.close()
        finally:
            server.stop()


if __name__ == "__main__":
    asyncio.run(main())
