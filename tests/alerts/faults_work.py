"""Faults of what works behind the requests: the audit trail, imports, reports and their mails."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from alerts import naming
from app.objectives import AUDIT_SEALING, REPORT_DELIVERY
from tests.alerts.acts import Run, subjects
from tests.alerts.service import console
from tests.faults.report_processes import ask_for_report
from tests.faults.test_mail_poison import POISONED_REPORT

_AT_ONCE = 6
_SEALER_LOCK = 0x5167_0006
_HELD_ROW = "INSERT INTO directory_groups (group_id, added_by) VALUES ('auditors', 'console')"
_LATE_ENTRY = """
    INSERT INTO audit_entries (at, actor, action, object, outcome, instance, details)
    VALUES (clock_timestamp() - interval '61 s', 'ops', 'import', 'late', 'changed', 'tests', '{}')
"""
"""As a transaction leaves it that went on for a minute: that limit does not shrink."""


async def audit(run: Run) -> None:
    """The sealer's lock is held; after that entries of long transactions come late."""
    async with console(run.service.database_url) as holder:
        transaction = holder.transaction()

        async def hold() -> None:
            await transaction.start()
            await holder.execute("SELECT pg_advisory_xact_lock($1)", _SEALER_LOCK)
            async with run.service.front.client() as client:
                for number in range(3):
                    grant = {"user": f"user-{number}", "resource": "ledger", "action": "read"}
                    assert (await client.post("/grants", json=grant)).is_success

        await run.prove([naming.AUDIT_SEALING_STOPPED], hold, transaction.rollback)
        late = subjects(naming.burn_alert(AUDIT_SEALING))

        async def commit() -> None:
            await holder.execute(_LATE_ENTRY)

        async with _again_and_again(commit, 0.5):
            await run.told(late[0])
            await run.looked_into(naming.burn_alert(AUDIT_SEALING))
            await asyncio.sleep(4)
        await run.told(*late)
        await run.told(*late, status="resolved")


async def keys(run: Run) -> None:
    """A client goes on with a key that is none."""
    async with run.service.front.client() as client:
        client.headers["Authorization"] = "Bearer a key that has expired"

        async def ask() -> None:
            question = {"user": "alice", "resource": "ledger", "action": "read"}
            answers = (client.post("/permissions/check", json=question) for _ in range(_AT_ONCE))
            await asyncio.gather(*answers)

        asking = _again_and_again(ask, 0.1)
        await run.prove(
            [naming.CREDENTIALS_REFUSED],
            asking.__aenter__,
            lambda: asking.__aexit__(None, None, None),
        )


async def imports(run: Run) -> None:
    """A transaction holds the row that an import is about to write."""
    async with console(run.service.database_url) as holder:
        transaction = holder.transaction()

        async def bring(group: str) -> None:
            async with run.service.front.client() as client:
                answer = await client.post(
                    "/imports",
                    params={"kind": "groups"},
                    content=f"group\n{group}\n".encode(),
                    headers={"Content-Type": "text/csv"},
                )
            assert answer.is_success, answer.text

        async def hold() -> None:
            await bring("before")
            await transaction.start()
            await holder.execute(_HELD_ROW)
            await bring("auditors")

        await run.prove([naming.IMPORT_STUCK], hold, transaction.rollback)


async def user_batches(run: Run) -> None:
    """A transaction holds the grant of a user who is to be offboarded."""
    async with console(run.service.database_url) as holder:
        transaction = holder.transaction()
        grant = {"user": "leaver", "resource": "ledger", "action": "read"}

        async def hold() -> None:
            async with run.service.front.client() as client:
                assert (await client.post("/grants", json=grant)).is_success
                await transaction.start()
                await holder.execute("SELECT FROM grants WHERE user_id = 'leaver' FOR UPDATE")
                batch = {"operation": "offboard", "users": ["leaver"]}
                assert (await client.post("/user-batches", json=batch)).is_success

        await run.prove([naming.USER_BATCH_STUCK], hold, transaction.rollback)


async def mails(run: Run) -> None:
    """The mail server refuses; then it is silent, and three workers freeze with a mail in hand."""
    service = run.service

    async def cut() -> None:
        service.mail.cut()
        service.mail_of_others.cut()

    async def mend() -> None:
        service.mail.release()
        service.mail_of_others.release()

    async with service.front.client() as client:

        async def order() -> None:
            await ask_for_report(client)

        async with _again_and_again(order, 0.2):
            await run.prove([naming.MAIL_FAILING], cut, mend)

        async def silence() -> None:
            service.mail.hold()
            service.mail_of_others.hold()
            for _ in range(30):
                await order()

        async def freeze() -> None:
            for worker in service.others:
                worker.daemon.send(signal.SIGSTOP)
            service.mail.release()

        await run.prove([naming.QUEUE_DELAYED], silence, freeze)
    run.calm.set()

    async def thaw() -> None:
        service.mail_of_others.release()
        for worker in service.others:
            worker.daemon.send(signal.SIGCONT)

    down = f"{naming.TARGET_DOWN} sightline-worker"
    await run.told(naming.LEASES_EXPIRING, down)
    await run.looked_into(naming.LEASES_EXPIRING, naming.TARGET_DOWN)
    await thaw()
    await run.told(naming.LEASES_EXPIRING, down, status="resolved")


async def poison(run: Run) -> None:
    """Reports that cannot be made are given up, and replayed once the cause is mended."""
    await run.calm.wait()
    async with console(run.service.database_url) as holder:
        late = subjects(naming.burn_alert(REPORT_DELIVERY))

        async def order() -> None:
            with suppress(AssertionError):
                await ask_for_report(client, user="poison")
            # The waits double from try to try: nobody waits for that here.
            await holder.execute("UPDATE report_jobs SET due_at = now() WHERE status = 'queued'")

        await holder.execute(POISONED_REPORT)
        async with run.service.front.client() as client:
            async with _again_and_again(order, 0.3):
                await run.told(naming.DEAD_LETTERED, late[0])
                await run.looked_into(naming.DEAD_LETTERED, naming.burn_alert(REPORT_DELIVERY))
                await asyncio.sleep(4)
            await holder.execute("DROP TRIGGER refuse ON reports")
            dead = await client.get("/reports", params={"status": "dead", "limit": 200})
            for report in dead.json()["items"]:
                await client.post(f"/reports/{report['task_id']}/replay")
        await run.told(naming.DEAD_LETTERED, status="resolved")
        await run.told(*late)
        await run.told(*late, status="resolved")


@asynccontextmanager
async def _again_and_again(act: Any, pause: float) -> AsyncIterator[None]:  # noqa: ANN401  # any act
    async def acting() -> None:
        while True:
            await act()
            await asyncio.sleep(pause)

    task = asyncio.create_task(acting())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
