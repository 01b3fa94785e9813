"""What the tests of reports share: a real SMTP server, a scheduler, a worker that stops."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr
from starlette.applications import Starlette

from app.database.pool import DatabasePool
from app.http.authentication import Gate
from app.http.problems import exception_handlers
from app.reports.control import ReportControl
from app.reports.http import routes
from app.reports.scheduler import ReportScheduler
from app.reports.schedules import ReportSchedules
from app.reports.schedules_http import routes as schedule_routes
from app.reports.status import ReportStatuses
from app.reports.worker import run_worker
from app.security.key_ring import KeyRing, Rates
from app.security.roles import ALL_ROLES, BootstrapKey
from app.settings import Settings
from telemetry.asyncpg import instrument_asyncpg
from telemetry.testing import Captured

ALICE = "alice.the.recipient@mail.example"
BOB = "bob.the.subject"
OPS = "ops"
OPS_KEY = {"Authorization": "Bearer key-of-ops"}
AUDIT_KEY = {"Authorization": "Bearer key-of-audit"}

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


class Mailbox:
    """A mail server that answers RCPT and DATA as it is told, and keeps what it takes."""

    def __init__(self) -> None:
        self.port = 0
        self.rcpt_answer = "250 OK"
        self.data_answer = "250 OK"
        self.refused = ""
        self.asked = 0
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        self.asked += 1
        if address == self.refused:
            return "550 5.1.1 unknown"
        if self.rcpt_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_answer

    async def handle_DATA(  # noqa: N802  # aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        await self.may_answer.wait()
        if self.data_answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.envelopes.append(envelope)
        return self.data_answer


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, hostname="mail.test", enable_SMTPUTF8=False), "127.0.0.1", 0
    )
    box.port = server.sockets[0].getsockname()[1]
    yield box
    box.may_answer.set()
    server.close()


@pytest.fixture
def settings(settings: Settings, mailbox: Mailbox) -> Settings:
    return settings.model_copy(update={"smtp_port": mailbox.port, "poll_seconds": 0.02})


@pytest.fixture
def scheduler(pool: DatabasePool, captured: Captured) -> ReportScheduler:
    return ReportScheduler(pool, captured.telemetry)


@dataclass(frozen=True)
class Scene:
    """The parts of a test that goes the whole way, and what it asks of them."""

    scheduler: ReportScheduler
    mailbox: Mailbox
    captured: Captured
    pool: DatabasePool
    settings: Settings
    eventually: Eventually

    async def schedule(self, subject: str | None = None) -> UUID:
        return await self.scheduler.schedule_report(ALICE, subject, requested_by=OPS)

    def work(self, stop: asyncio.Event, settings: Settings | None = None) -> asyncio.Task[None]:
        return asyncio.create_task(
            run_worker(settings or self.settings, self.captured.telemetry, self.pool, stop)
        )

    @asynccontextmanager
    async def working(self) -> AsyncIterator[asyncio.Event]:
        """A worker for the block, stopped at its end; the event stops it sooner."""
        stop = asyncio.Event()
        worker = self.work(stop)
        try:
            yield stop
        finally:
            stop.set()
            await worker

    async def sql(self, statement: str, *values: object) -> Any:  # noqa: ANN401  # a column's
        async with self.pool.acquire() as connection:
            return await connection.fetchval(statement, *values)

    async def until(self, holds: Callable[[], bool]) -> None:
        async def probe() -> bool:
            return holds()

        await self.eventually(probe)

    async def until_sql(self, statement: str, *values: object) -> None:
        await self.eventually(lambda: self.sql(statement, *values))

    async def reached(self, task_id: UUID, status: str) -> None:
        async def there() -> bool:
            found = await ReportStatuses(self.pool).find(task_id, OPS)
            return found is not None and found.status == status

        await self.eventually(there)

    def lines(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.captured.logs() if line["event"] == event]


@pytest.fixture
def scene(
    pool: DatabasePool,
    captured: Captured,
    settings: Settings,
    mailbox: Mailbox,
    eventually: Eventually,
) -> Scene:
    scheduler = ReportScheduler(pool, captured.telemetry)
    return Scene(scheduler, mailbox, captured, pool, settings, eventually)


@pytest.fixture
def instrumented(captured: Captured) -> Iterator[None]:
    """asyncpg makes spans, as it does in the service."""
    undo = instrument_asyncpg(captured.telemetry.tracing, captured.telemetry.meter)
    yield
    undo()


@pytest.fixture
async def client(scene: Scene) -> AsyncIterator[httpx.AsyncClient]:
    """The routes of reports behind the service's own gate; send OPS_KEY or AUDIT_KEY along."""
    telemetry = scene.captured.telemetry
    keys = {
        name: BootstrapKey(
            SecretStr(hashlib.sha256(f"key-of-{name}".encode()).hexdigest()), ALL_ROLES
        )
        for name in ("ops", "audit")
    }
    ring = KeyRing(keys, Rates(0, 1))
    gate = Gate(ring, telemetry.pseudonyms, telemetry.meter, 0)
    service = Starlette(
        routes=gate.protect(
            [
                *routes(
                    scene.scheduler,
                    ReportStatuses(scene.pool),
                    ReportControl(scene.pool, telemetry.meter),
                    telemetry.pseudonyms,
                ),
                *schedule_routes(ReportSchedules(scene.pool), telemetry.pseudonyms),
            ]
        ),
        exception_handlers=exception_handlers(),
    )
    transport = httpx.ASGITransport(telemetry.wrap(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as opened:
        yield opened
