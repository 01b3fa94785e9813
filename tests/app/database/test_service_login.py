"""The service's own login: it can do all that the service does, and nothing to the audit trail."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from app.audit.sealer import Sealer
from app.batches.user_worker import UserBatchRunner
from app.batches.worker import ImportRunner
from app.bootstrap import build
from app.database.pool import Connection, DatabasePool
from app.database.service_login import ensure_service_login, verifier
from app.errors import StartupError
from app.reports.worker import run_worker
from app.settings import Settings
from telemetry.testing import Captured
from tests.app.conftest import AUTHORIZED, client_of

USER = "narrow login"
NOT_WRITTEN = {"alembic_version", "api_keys", "api_keys_mark"}
AUDIT = {"audit_entries", "audit_chain", "audit_checkpoints"}


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def service_url(database_url: str, owner: Connection) -> AsyncIterator[str]:
    url = database_url.replace("postgres@", "narrow%20login:first%2Dsecret@")
    assert await ensure_service_login(database_url, url) == USER
    yield url
    await owner.execute(f'DROP OWNED BY "{USER}"; DROP ROLE "{USER}"')


@pytest.fixture
def narrow(settings: Settings, service_url: str) -> Settings:
    return settings.model_copy(update={"database_url": type(settings.database_url)(service_url)})


async def test_the_whole_service_works_as_it(
    narrow: Settings,
    captured: Captured,
    owner: Connection,
) -> None:
    pool = DatabasePool(narrow, captured.telemetry)
    service = build(narrow, captured.telemetry, pool=pool)
    grant = {"user": "bob", "resource": "doc:1", "action": "read"}
    async with service.running(), client_of(service, **AUTHORIZED) as client:
        assert (await client.post("/grants", json=grant)).status_code == 201
        for body in (grant, grant | {"record": True}, grant | {"consistency": "full"}):
            checked = await client.post("/permissions/check", json=body)
            assert checked.json()["allowed"] is True
        membership = {"group": "staff", "user": "bob"}
        assert (await client.post("/groups/members", json=membership)).is_success
        csv = {"Content-Type": "text/csv"}
        imported = await client.post("/imports?kind=users", content=b"user\nbob\n", headers=csv)
        leaving = await client.post(
            "/user-batches", json={"operation": "offboard", "users": ["bob"]}
        )
        report = await client.post("/reports", json={"recipient": "auditor@example.com"})
        runner = ImportRunner(pool, captured.telemetry, narrow)
        claim = await runner.ledger.claim()
        assert claim is not None
        assert await runner.run(claim, asyncio.Event())
        batches = UserBatchRunner(pool, captured.telemetry, narrow)
        batch = await batches.batches.claim()
        assert batch is not None
        assert await batches.run(batch, asyncio.Event()) == "done"
        await work_until_made(narrow, captured, pool, client, report.headers["location"])
        for accepted in (imported, leaving):
            assert (await client.get(accepted.headers["location"])).json()["status"] == "done"
        async with Sealer(pool, captured.telemetry.meter).running(), asyncio.timeout(20):
            while await owner.fetchval("SELECT count(*) FROM audit_chain") < 5:  # noqa: ASYNC110  # the sealer's own pace
                await asyncio.sleep(0.05)
        assert (await client.get("/audit")).status_code == 200
        assert (await client.get("/audit/verify")).json()["intact"] is True


async def work_until_made(
    settings: Settings, captured: Captured, pool: DatabasePool, client: httpx.AsyncClient, url: str
) -> None:
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(settings, captured.telemetry, pool, stop))
    async with asyncio.timeout(20):
        while (await client.get(f"{url}/csv")).status_code != 200:  # noqa: ASYNC110  # the worker's own pace
            await asyncio.sleep(0.05)
    stop.set()
    await working


@pytest.mark.parametrize(
    "statement",
    [
        *(
            f"UPDATE {table} SET {column} = {column}"  # noqa: S608  # ours
            for table, column in (
                ("audit_entries", "actor"),
                ("audit_chain", "hash"),
                ("audit_checkpoints", "hash"),
            )
        ),
        *(f"DELETE FROM {table}" for table in sorted(AUDIT)),  # noqa: S608  # ours
        *(f"TRUNCATE {table}" for table in sorted(AUDIT)),
        *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in sorted(AUDIT)),
        "INSERT INTO audit_entries (at) VALUES ('epoch')",
        "INSERT INTO audit_checkpoints (number, hash, xid, id) VALUES (1, 'h', '1', 1)",
        "SELECT audit_cut(30, 1)",
        "SELECT audit_rebase()",
        "SET ROLE sightline_audit_retention",
        "INSERT INTO api_keys (id, name, digest, roles) VALUES ('a', 'a', 'd', '{manage}')",
        "UPDATE api_keys SET revoked_at = NULL",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE TABLE mine (number integer)",
        "DROP TABLE grants",
        "CREATE ROLE another",
    ],
)
async def test_it_is_refused_all_else(service_url: str, statement: str) -> None:
    connection = await asyncpg.connect(service_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.usefixtures("service_url")
async def test_no_table_is_forgotten(owner: Connection) -> None:
    found = await owner.fetch(
        """
        SELECT relname::text, has_table_privilege($1, oid, 'SELECT') AS read,
            has_table_privilege($1, oid, 'INSERT') AND has_table_privilege($1, oid, 'UPDATE')
            AND has_table_privilege($1, oid, 'DELETE') AS written
        FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
        """,
        USER,
    )
    assert {row["relname"] for row in found if not row["read"]} == set()
    assert {row["relname"] for row in found if not row["written"]} == NOT_WRITTEN | AUDIT


async def test_made_again_it_has_the_new_password(database_url: str, service_url: str) -> None:
    changed = service_url.replace("first", "second")
    await ensure_service_login(database_url, changed, may_cut_audit=True)
    connection = await asyncpg.connect(changed)
    assert await connection.fetchval("SELECT audit_cut(30, 1)") == 0
    await connection.close()
    await ensure_service_login(database_url, changed)
    connection = await asyncpg.connect(changed)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SELECT audit_cut(30, 1)")
    await connection.close()


@pytest.mark.usefixtures("service_url")
async def test_the_password_is_stored_as_its_verifier(owner: Connection) -> None:
    stored = await owner.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", USER)
    assert stored.startswith("SCRAM-SHA-256$4096:")
    assert "first-secret" not in stored
    assert verifier("first-secret") != stored  # salted anew


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("postgres@", "another than the one that migrates"),
        ("boss:x@", "more rights than a service needs"),
        ("", "each name their user"),
        ("someone:%C3%A9@", "printable ASCII"),
    ],
)
async def test_another_kind_of_user_is_refused(
    database_url: str,
    owner: Connection,
    user: str,
    expected: str,
) -> None:
    await owner.execute("DROP ROLE IF EXISTS boss; CREATE ROLE boss SUPERUSER")
    try:
        with pytest.raises(StartupError, match=expected):
            await ensure_service_login(database_url, database_url.replace("postgres@", user))
    finally:
        await owner.execute("DROP ROLE boss")
