"""PostgreSQL is stopped in immediate mode while clients write: what was acknowledged is there.

The clients keep the ledger: an operation counts once its 2xx has arrived. One that was answered
by a 503, or not at all, may have happened or not, and is left out.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.database.migrations import migrate
from tests.faults.form import LONG
from tests.faults.web_process import seconds_until_served, web_process
from tests.servers import PostgresServer

ROUNDS = 20 if LONG else 3
WRITERS = 8
WRITING_SECONDS = 0.7
WATCHDOG_SECONDS = 10.0


class DurablePostgres(PostgresServer):
    """A server that writes to disk before it says so, as in production."""

    def command(self) -> list[str]:
        return [*super().command(), "-c", "fsync=on"]


class Ledger:
    """What the clients know: grants that are there, grants that are not, and the answers."""

    def __init__(self) -> None:
        self.granted: set[str] = set()
        self.revoked: set[str] = set()
        self.reports: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.without_advice = 0

    def note(self, response: httpx.Response) -> bool:
        """Count an answer and tell whether it was a 2xx."""
        self.statuses[response.status_code] += 1
        if response.status_code == 503 and "retry-after" not in response.headers:
            self.without_advice += 1
        return response.is_success


def grant(user: str) -> dict[str, str]:
    return {"user": user, "resource": "ledger", "action": "read"}


async def write(client: httpx.AsyncClient, ledger: Ledger, number: int) -> None:
    """Grant, revoke every third grant, and ask for a report now and then, until cancelled."""
    turn = 0
    while True:
        turn += 1
        user = f"user-{number}-{turn}-{os.urandom(4).hex()}"
        if not ledger.note(await client.post("/grants", json=grant(user))):
            await asyncio.sleep(0.02)
            continue
        ledger.granted.add(user)
        if turn % 3 == 0:
            ledger.granted.discard(user)  # in doubt while the answer is out
            if ledger.note(await client.request("DELETE", "/grants", json=grant(user))):
                ledger.revoked.add(user)
        if turn % 10 == 0:
            asked = await client.post("/reports", json={"recipient": "auditor@example.com"})
            if ledger.note(asked):
                ledger.reports.add(asked.headers["location"])


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[PostgresServer]:
    server = DurablePostgres(tmp_path / "postgres").start()
    yield server
    server.stop()


async def test_what_was_acknowledged_is_there_after_each_stop(
    own_postgres: PostgresServer, cache_url: str, tmp_path: Path
) -> None:
    await migrate(own_postgres.url())
    ledger = Ledger()
    back: list[float] = []
    settings = {"SIGHTLINE_DATABASE_URL": own_postgres.url(), "SIGHTLINE_REDIS_URL": cache_url}
    async with web_process(settings, tmp_path) as web, web.client() as client:
        for _ in range(ROUNDS):
            writers = [asyncio.create_task(write(client, ledger, n)) for n in range(WRITERS)]
            await asyncio.sleep(WRITING_SECONDS)
            await asyncio.to_thread(own_postgres.stop, signal.SIGQUIT)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(own_postgres.start)
            probe = client.build_request("POST", "/grants", json=grant("probe"))
            back.append(await seconds_until_served(client, probe))
            await asyncio.sleep(WRITING_SECONDS / 2)
            for writer in writers:
                writer.cancel()
            ended = await asyncio.gather(*writers, return_exceptions=True)
            assert {type(one) for one in ended} == {asyncio.CancelledError}, ended

        async def allowed(user: str) -> bool:
            response = await client.post("/permissions/check", json=grant(user))
            assert response.status_code == 200, response.text
            return bool(response.json()["allowed"])

        for users, expected in ((ledger.granted, True), (ledger.revoked, False)):
            wrong = [user for user in users if await allowed(user) is not expected]
            assert wrong == [], f"{len(wrong)} of {len(users)} are not as was acknowledged"
        for location in ledger.reports:
            assert (await client.get(location)).status_code == 200
        log = web.log
    print(  # noqa: T201  # the figures of the promise
        f"\n{ROUNDS} stops: {len(ledger.granted)} grants, {len(ledger.revoked)} revokes,"
        f" {len(ledger.reports)} reports acknowledged; answers {dict(ledger.statuses)};"
        f" serving again after {', '.join(f'{seconds:.2f}' for seconds in back)} s"
    )
    assert len(ledger.granted) > ROUNDS
    assert len(ledger.revoked) > ROUNDS
    assert ledger.statuses[503] > 0
    assert set(ledger.statuses) <= {200, 201, 202, 204, 503}
    assert ledger.without_advice == 0
    assert max(back) < WATCHDOG_SECONDS
    assert "request.failed" not in log
