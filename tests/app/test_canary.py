"""Secrets planted in every input of the real service, then looked for in all that leaves it.

What is echoed by design, and so is no secret here: a correlation ID and trace identifiers that are
sent in the accepted form, the address of the peer, and in a mail the report that it carries.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import redis
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry.pseudonyms import Pseudonyms
from tests.app.canary import (
    AppProcess,
    Canaries,
    Collector,
    RefusingMailbox,
    serving,
)
from tests.app.canary_inputs import CORRELATION_ID, plant
from tests.servers import ValkeyServer, free_port

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]

IN_THE_REPORT = frozenset(
    ("user", "resource", "action", "actor", "recipient", "boom user", "boom resource")
)
TRIGGERS = """
    CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'no % here', '{secret}' USING
            ERRCODE = 'unique_violation', DETAIL = row_to_json(NEW)::text, HINT = '{secret}';
    END $$;
    CREATE TRIGGER boom BEFORE INSERT ON grants FOR EACH ROW
        WHEN (NEW.action = 'boom') EXECUTE FUNCTION boom();
    CREATE TRIGGER boom BEFORE INSERT ON reports FOR EACH ROW
        WHEN (NEW.body_text LIKE '%{user}%') EXECUTE FUNCTION boom();
"""


@dataclass
class Stage:
    """The service under test, and what it left behind once it has ended."""

    canaries: Canaries
    web: AppProcess
    worker: AppProcess
    web_port: int
    metrics_ports: tuple[int, int]
    collector: Collector
    mailbox: RefusingMailbox
    eventually: Eventually
    expositions: list[bytes] = field(default_factory=list)

    def processes(self) -> tuple[AppProcess, AppProcess]:
        return self.web, self.worker

    async def scrape(self) -> None:
        async with httpx.AsyncClient() as client:
            for port in self.metrics_ports:
                for accept in ("text/plain", "application/openmetrics-text"):
                    secret = self.canaries["scrape"]
                    await client.get(f"http://127.0.0.1:{port}/{secret}?{secret}={secret}")
                    answer = await client.get(
                        f"http://127.0.0.1:{port}/metrics", headers={"accept": accept}
                    )
                    self.expositions.append(answer.content)


@pytest.fixture
def environment(
    database_url: str, valkey: ValkeyServer, canaries: Canaries
) -> Iterator[dict[str, str]]:
    password = canaries["redis password"]
    with redis.Redis.from_url(valkey.url) as cache:
        cache.flushall()
        cache.execute_command(
            "ACL", "SETUSER", canaries["redis user"], "on", f">{password}", "~*", "+@all", "-set"
        )
        yield {
            "SIGHTLINE_DATABASE_URL": database_url.replace(
                "postgres@", f"postgres:{canaries['database password']}@"
            ),
            "SIGHTLINE_REDIS_URL": valkey.url.replace(
                "://", f"://{canaries['redis user']}:{password}@"
            ),
            "SIGHTLINE_API_KEYS": json.dumps(
                {
                    canaries["actor"]: hashlib.sha256(canaries["key"].encode()).hexdigest(),
                }
            ),
            "SIGHTLINE_PSEUDONYM_KEY": canaries["pseudonym key"] * 2,
            "SIGHTLINE_ENVIRONMENT": "canary",
            "SIGHTLINE_MAX_ATTEMPTS": "1",
            "SIGHTLINE_POLL_SECONDS": "0.05",
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Basic%20{canaries['collector header']}",
        }
        cache.execute_command("ACL", "DELUSER", canaries["redis user"])


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
async def stage(
    environment: dict[str, str],
    database_url: str,
    canaries: Canaries,
    tmp_path: Path,
    eventually: Eventually,
) -> AsyncIterator[Stage]:
    """Web and worker, ready; the database fails where the action, or the user, is `boom`'s."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        TRIGGERS.format(secret=canaries["database message"], user=canaries["boom user"])
    )
    await connection.close()
    async with AsyncExitStack() as stack:
        collector = Collector()
        mailbox = RefusingMailbox(canaries["refusal"])
        ports = [free_port() for _ in range(3)]
        environment |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": stack.enter_context(collector.running()),
            "SIGHTLINE_SMTP_PORT": str(await stack.enter_async_context(serving(mailbox))),
            "SIGHTLINE_HTTP_PORT": str(ports[0]),
        }
        web, worker = [
            await stack.enter_async_context(
                running(name, environment | {"SIGHTLINE_METRICS_PORT": str(port)}, tmp_path)
            )
            for name, port in (("web", ports[1]), ("worker", ports[2]))
        ]
        staged = Stage(
            canaries,
            web,
            worker,
            ports[0],
            (ports[1], ports[2]),
            collector,
            mailbox,
            eventually,
        )
        await eventually(lambda: is_ready(staged))
        yield staged


@asynccontextmanager
async def running(
    name: str, environment: dict[str, str], folder: Path
) -> AsyncIterator[AppProcess]:
    process = AppProcess(name, environment, folder)
    try:
        yield process
    finally:
        await process.end()


async def is_ready(stage: Stage) -> bool:
    for process in stage.processes():
        process.require_running()
    try:
        async with httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{stage.web_port}/readyz"
            return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


async def test_no_secret_leaves_the_service(stage: Stage) -> None:
    await plant(stage.canaries, stage.web_port)
    planted = stage.canaries

    async def all_is_done() -> bool:
        for process in stage.processes():
            process.require_running()
        is_dead = b'"report.dead"' in stage.worker.written()
        return bool(stage.mailbox.mails and stage.mailbox.refusals and is_dead)

    await stage.eventually(all_is_done)
    await stage.scrape()
    for process in stage.processes():
        await process.end()

    sent = b"".join(stage.collector.bodies)
    written = b"".join(process.output for process in stage.processes())
    mail = b"".join(bytes(mail) for mail in stage.mailbox.mails)
    exposed = b"".join(stage.expositions)
    assert planted.found_in(sent) == []
    assert planted.found_in(written) == []
    assert planted.found_in(exposed) == []
    assert planted.found_in(mail, but_for=IN_THE_REPORT) == []
    require_that_the_search_would_have_found_it(stage, sent, written, mail)
    require_that_all_was_reached(stage, written, exposed)


def require_that_the_search_would_have_found_it(
    stage: Stage, sent: bytes, written: bytes, mail: bytes
) -> None:
    """What is to be found is, by the same search, in the same data."""
    shown = Canaries()
    pseudonyms = Pseudonyms((stage.canaries["pseudonym key"] * 2).encode())
    shown.planted = {
        "correlation ID": CORRELATION_ID,
        "actor": pseudonyms.of(stage.canaries["actor"]),
        "subject": pseudonyms.of(stage.canaries["user"]),
        "AuthZEN subject": pseudonyms.of(stage.canaries["subject"]),
    }
    everything = ["correlation ID", "actor", "subject", "AuthZEN subject"]
    assert shown.found_in(sent) == everything
    assert shown.found_in(written) == everything
    assert shown.found_in(mail) == ["correlation ID"]
    assert set(stage.canaries.found_in(mail)) == {
        "user",
        "resource",
        "action",
        "actor",
        "recipient",
    }
    assert stage.collector.headers[0] == f"Basic {stage.canaries['collector header']}"


def require_that_all_was_reached(stage: Stage, written: bytes, exposed: bytes) -> None:
    """The failures took place, or their secrets prove nothing."""
    lines = [line for process in stage.processes() for line in process.lines()]
    assert {line.get("exception.type") for line in lines} >= {
        "asyncpg.exceptions.UniqueViolationError"
    }
    assert {line["event"] for line in lines} >= {
        "cache.unavailable",
        "library.message",
        "mail.failed",
        "report.dead",
        "request.failed",
    }
    assert b'"smtp.reply.code":550' in written
    assert {line.get("url.path") for line in lines} >= {"/REDACTED", "/reports/{task_id}"}
    assert b"# EOF" in exposed
    assert b"trace_id=" in exposed
    for signal in (b"span", b"log"):
        dropped = b'telemetry_attributes_dropped_total{telemetry_signal="%s"} 0.0' % signal
        assert exposed.count(dropped) == 4
    requests = [ExportTraceServiceRequest.FromString(body) for body in stage.collector.bodies]
    names = {
        span.name
        for request in requests
        for of_resource in request.resource_spans
        for scope in of_resource.scope_spans
        for span in scope.spans
    }
    assert names >= {"GET", "POST /grants", "smtp.send", "report.generate", "cache.l2"}
