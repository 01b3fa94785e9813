"""Faults of what works behind the requests: mail, workers, jobs, imports, the audit trail."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from alerts import naming
from app import signals
from compose.faults.model import Evidence, Fault, Layer, Told
from compose.faults.stage import Stage
from compose.faults.stores import (
    AVAILABILITY,
    BLOCKED,
    DEAD,
    DELAYED,
    DELIVERY,
    DOWN,
    LEASES,
    SEALING,
    STUCK,
    UNAVAILABLE,
    UNSEALED,
)

MAIL_FAILING: Final = Told(naming.MAIL_FAILING)
BATCH_STUCK: Final = Told(naming.USER_BATCH_STUCK)
WEB_DOWN: Final = Told(naming.TARGET_DOWN, "sightline-web")
WORKER_DOWN: Final = Told(naming.TARGET_DOWN, "sightline-worker")

_POISONED: Final = 15
_CRASHES: Final = 5
_INTO_THE_MAIL_SECONDS: Final = 1.5
_LEASE_SECONDS: Final = 3.5
_SECOND_TRY: Final = (signals.ATTEMPT, "2")
"""What a dead worker left behind has been tried before."""
_LOCK_SECONDS: Final = 5.0
"""How long the service waits for a lock, by its own setting; a healthy portion takes 10 ms."""
_SEALER_LOCK: Final = 0x5167_0006
"""The number of the sealer's advisory lock: `app.database.audit_chain` has it."""

_POISON: Final = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''poison''; END';
    CREATE TRIGGER refuse BEFORE INSERT ON reports FOR EACH ROW
    WHEN (NEW.body_text LIKE '%poison%') EXECUTE FUNCTION refuse();
"""
_ANTIDOTE: Final = "DROP TRIGGER refuse ON reports; DROP FUNCTION refuse();"


async def _cut_mail(stage: Stage) -> None:
    stage.wires.mail.cut()


async def _mend_mail(stage: Stage) -> None:
    stage.wires.mail.release()
    await stage.replay_dead_reports()


async def _silence_mail(stage: Stage) -> None:
    stage.wires.mail.hold()


async def _stop_the_mails_server(stage: Stage) -> None:
    await stage.platform.stop_part("mail", signal.SIGKILL)


async def _start_the_mails_server(stage: Stage) -> None:
    await stage.platform.start_part("mail")
    await stage.replay_dead_reports()


async def _kill_worker(stage: Stage) -> None:
    await stage.platform.stop_part("worker", signal.SIGKILL)


async def _start_worker(stage: Stage) -> None:
    await stage.platform.start_part("worker")


def _to_worker(number: signal.Signals) -> Callable[[Stage], Awaitable[None]]:
    async def send(stage: Stage) -> None:
        stage.signal("worker", number)

    return send


async def _crash_workers(stage: Stage) -> None:
    """Kill the worker in the middle of a mail, again and again; each leaves its lease behind."""
    async with stage.client() as client:
        for _ in range(_CRASHES):
            stage.wires.mail.hold()
            await client.post("/reports", json={"recipient": "auditor@sightline.example"})
            await asyncio.sleep(_INTO_THE_MAIL_SECONDS)
            await stage.platform.stop_part("worker", signal.SIGKILL)
            stage.wires.mail.release()
            await stage.platform.start_part("worker")
            await asyncio.sleep(_LEASE_SECONDS)


async def _crash_no_more(stage: Stage) -> None:
    stage.wires.mail.release()


async def _poison(stage: Stage) -> None:
    await stage.sql(_POISON)
    async with stage.client() as client:
        for _ in range(_POISONED):
            body = {"recipient": "auditor@sightline.example", "user": "poison"}
            await client.post("/reports", json=body)


async def _give_antidote(stage: Stage) -> None:
    await stage.sql(_ANTIDOTE)
    await stage.replay_dead_reports()


async def _block_an_import(stage: Stage) -> None:
    await stage.hold_open("LOCK TABLE directory_groups IN ACCESS EXCLUSIVE MODE")
    async with stage.client(**{"Content-Type": "text/csv"}) as client:
        content = b"group\nauditors\n"
        await client.post("/imports", params={"kind": "groups"}, content=content)


async def _block_a_batch_of_users(stage: Stage) -> None:
    grant = {"user": "leaver", "resource": "account:1", "action": "view"}
    async with stage.client() as client:
        await client.post("/grants", json=grant)
        await stage.hold_open("SELECT * FROM grants WHERE user_id = 'leaver' FOR UPDATE")
        batch = {"operation": "offboard", "users": ["leaver"]}
        await client.post("/user-batches", json=batch)


async def _stop_sealing(stage: Stage) -> None:
    await stage.hold_open(f"SELECT pg_advisory_xact_lock({_SEALER_LOCK})")


async def _let_go(stage: Stage) -> None:
    await stage.let_go()


_Work = partial(Fault, layer=Layer.WORK)

WORK_FAULTS: Final = (
    _Work(
        name="smtp-down",
        breaks="The mail server refuses every connection of the worker.",
        expects=(MAIL_FAILING,),
        may_follow=(DEAD, DELIVERY, DELAYED),
        must_not=(AVAILABILITY, DOWN, UNAVAILABLE),
        evidence=Evidence(
            ("reports", "Mails by outcome"), signals.SMTP_SEND, signals.MAIL_FAILED, failed=True
        ),
        inject=_cut_mail,
        repair=_mend_mail,
    ),
    _Work(
        name="smtp-silent",
        breaks="The mail server takes connections and says nothing: mails wait behind one another.",
        expects=(DELAYED,),
        may_follow=(MAIL_FAILING, DEAD, DELIVERY, LEASES),
        must_not=(AVAILABILITY, DOWN, UNAVAILABLE),
        evidence=Evidence(
            ("reports", "Age of the oldest message"),
            signals.PROCESS_MAIL,
            signals.MAIL_FAILED,
            failed=True,
        ),
        inject=_silence_mail,
        repair=_mend_mail,
        patience_seconds=75.0,
        later_seconds=10.0,
        why_later="The first mail is in hand; only those behind it wait, and one comes in 3 s.",
    ),
    _Work(
        name="worker-killed",
        breaks="The only worker is killed.",
        expects=(WORKER_DOWN,),
        may_follow=(DELAYED, UNSEALED, LEASES, DELIVERY, SEALING, STUCK),
        must_not=(WEB_DOWN, AVAILABILITY, UNAVAILABLE),
        evidence=Evidence(
            ("runtime", "Resident memory"),
            why_no_trace="A process that is gone makes no span.",
            why_no_log="What is killed writes no last line.",
        ),
        inject=_kill_worker,
        repair=_start_worker,
    ),
    _Work(
        name="worker-stuck",
        breaks="The only worker is there and does nothing: it is stopped.",
        expects=(WORKER_DOWN,),
        may_follow=(DELAYED, UNSEALED, LEASES, DELIVERY, SEALING, BLOCKED, STUCK),
        must_not=(WEB_DOWN, AVAILABILITY, UNAVAILABLE),
        evidence=Evidence(
            ("reports", "Age of the oldest message"),
            why_no_trace="A process that does nothing makes no span.",
            why_no_log="A process that does nothing writes no line.",
        ),
        inject=_to_worker(signal.SIGSTOP),
        repair=_to_worker(signal.SIGCONT),
    ),
    _Work(
        name="worker-crash-loop",
        breaks="The worker dies in the middle of a mail, five times in a row.",
        expects=(LEASES,),
        may_follow=(WORKER_DOWN, DELAYED, UNSEALED, DELIVERY, MAIL_FAILING),
        must_not=(WEB_DOWN, AVAILABILITY, UNAVAILABLE),
        evidence=Evidence(
            ("reports", "Leases that ran out"),
            signals.PROCESS_MAIL,
            signals.SERVICE_STARTED,
            attribute=_SECOND_TRY,
        ),
        inject=_crash_workers,
        repair=_crash_no_more,
        resolve_seconds=90.0,
    ),
    _Work(
        name="poison-job",
        breaks="Fifteen reports cannot be made, however often they are tried.",
        expects=(DEAD, DELIVERY),
        may_follow=(DELAYED,),
        must_not=(AVAILABILITY, DOWN, UNAVAILABLE, MAIL_FAILING),
        evidence=Evidence(
            ("reports", "Dead letters"), signals.PROCESS_REPORT, signals.REPORT_DEAD, failed=True
        ),
        inject=_poison,
        repair=_give_antidote,
        later_seconds=5.0,
        why_later="A report is dead after its fourth try; the pauses double from half a second.",
    ),
    _Work(
        name="import-stuck",
        breaks="Somebody's transaction locks the table that an import writes to.",
        expects=(STUCK,),
        # Nothing is sealed past the oldest transaction that still runs.
        may_follow=(LEASES, UNSEALED),
        must_not=(AVAILABILITY, DOWN, UNAVAILABLE),
        evidence=Evidence(
            ("batches", "Age of the checkpoint"),
            signals.IMPORT_BATCH,
            signals.IMPORT_WAITING,
            failed=True,
        ),
        inject=_block_an_import,
        repair=_let_go,
        patience_seconds=75.0,
    ),
    _Work(
        name="user-batch-stuck",
        breaks="Somebody's transaction holds the grant of a user who is to be offboarded.",
        expects=(BATCH_STUCK,),
        may_follow=(LEASES, UNSEALED),
        must_not=(AVAILABILITY, DOWN, UNAVAILABLE),
        evidence=Evidence(
            ("batches", "Age of the batch's checkpoint"),
            signals.BATCH_OF_USERS,
            signals.USER_BATCH_INTERRUPTED,
            slow_seconds=_LOCK_SECONDS,
        ),
        inject=_block_a_batch_of_users,
        repair=_let_go,
        patience_seconds=75.0,
    ),
    _Work(
        name="audit-sealer-stopped",
        breaks="Somebody holds the lock of the audit trail's sealer: no entry is chained.",
        expects=(UNSEALED,),
        may_follow=(SEALING,),
        must_not=(AVAILABILITY, DOWN, UNAVAILABLE),
        evidence=Evidence(
            ("audit", "Age of the oldest unsealed entry"),
            why_no_trace="The sealer is not traced: it turns once a second, mostly for nothing.",
            why_no_log="The sealer leaves it to whoever holds the lock, as replicas do by turns.",
        ),
        inject=_stop_sealing,
        repair=_let_go,
    ),
)
