"""What is on record of batches of users: accepted, claimed, at a checkpoint, at their end."""

import hashlib
import json
import uuid
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog

from app import signals
from app.audit.trail import Entry, Outcome, record
from app.batches.ledger import FencedError
from app.batches.operations import Operation
from app.batches.users import BatchReport, Failure
from app.database import user_batch_statements as sql
from app.database.pool import Connection, DatabasePool
from app.errors import Conflict
from telemetry import propagation
from telemetry.catalog.attributes import MESSAGING_MESSAGE_ID
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry

logger = structlog.stdlib.get_logger()

QUEUE: Final = "user_batches"
MESSAGING_SYSTEM: Final = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A batch that is asked for. `names` comes in pieces; None stands for the whole directory."""

    operation: Operation
    recipient: str | None
    names: AsyncIterable[Sequence[str]] | None
    requested_by: str
    idempotency_key: str | None = None
    names_hash: bytes = b""
    """Of the names, where the key may come again: the same key is for the same request."""

    @property
    def request_hash(self) -> bytes:
        """What tells this request from another under the same key."""
        whole = [self.operation, self.recipient, self.names is None, self.names_hash.hex()]
        return hashlib.sha256(json.dumps(whole).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A batch in hand, from its checkpoint on; `attempt` is the fence."""

    id: UUID
    operation: Operation
    recipient: str | None
    of_directory: bool
    requested_by: str
    carrier: dict[str, str]
    attempt: int
    fruitless: int
    cancel_requested: bool
    position: str
    total: int
    done: int
    failed: int


class UserBatches:
    """The batches on record. Every method raises `Unavailable`."""

    def __init__(self, pool: DatabasePool, telemetry: Telemetry, *, lease_seconds: float) -> None:
        self._pool = pool
        self._messaging = Messaging(telemetry.tracing, telemetry.meter, system=MESSAGING_SYSTEM)
        self.lease_seconds = lease_seconds

    async def accept(self, wanted: Wanted) -> UUID:
        """Put the batch on record and return its ID; `Conflict` where its key had another use."""
        new_id = uuid.uuid4()
        with self._messaging.sending(signals.ENQUEUE_USER_BATCH, QUEUE, str(new_id)) as sending:
            sending.messages = 0
            async with self._pool.transaction() as connection:
                batch_id = await _register(connection, new_id, wanted)
                if batch_id == new_id:
                    async for names in wanted.names or _nobody():
                        await connection.execute(sql.ADD_USERS, new_id, names)
                    await _audit(connection, wanted.requested_by, wanted.operation, "batch", new_id)
            sending.messages = int(batch_id == new_id)
            sending.span.set_attribute(MESSAGING_MESSAGE_ID, str(batch_id))
            if sending.messages:
                described = {
                    signals.USER_BATCH_ID: str(batch_id),
                    signals.USER_BATCH_OPERATION: wanted.operation.value,
                }
                logger.info(signals.USER_BATCH_ACCEPTED.name, **described)
        return batch_id

    async def claim(self, batch_id: UUID | None = None) -> Claim | None:
        """Take that batch, or the next; None where none is free."""
        which = () if batch_id is None else (batch_id,)
        statement = sql.CLAIM_NEXT if batch_id is None else sql.CLAIM_ONE
        with self._messaging.receiving(QUEUE) as receiving:
            async with self._pool.acquire() as connection:
                row = await connection.fetchrow(statement, self.lease_seconds, *which)
            receiving.messages = int(row is not None)
        return None if row is None else _claim_of(row)

    async def renew(self, claim: Claim) -> bool:
        """Keep the lease; False where another process has the batch."""
        async with self._pool.acquire() as connection:
            held = await connection.fetchval(sql.RENEW, claim.id, claim.attempt, self.lease_seconds)
        return held is not None

    async def forgive(self, claim: Claim) -> None:
        """Have the claim count for nothing: it failed by no fault of the batch."""
        async with self._pool.acquire() as connection:
            await connection.execute(sql.FORGIVE, claim.id, claim.attempt)

    async def checkpoint(
        self, claim: Claim, report: BatchReport, failures: Sequence[Failure]
    ) -> bool:
        """Keep how far it is, with the new `failures`; True where nobody wants it any more.

        Raises `FencedError` where another process has the batch.
        """
        counts = claim.done + report.done, claim.failed + report.failed
        async with self._pool.transaction() as connection:
            cancel_requested = await connection.fetchval(
                sql.CHECKPOINT,
                *(claim.id, claim.attempt, report.last or claim.position, *counts),
                self.lease_seconds,
            )
            if cancel_requested is None:
                raise FencedError
            if failures:
                users, kinds = [one.user for one in failures], [one.error_type for one in failures]
                await connection.execute(sql.ADD_FAILURES, claim.id, users, kinds)
        return bool(cancel_requested)

    async def oldest_checkpoint_seconds(self) -> float:
        """Return how long that batch in hand is at its checkpoint which is so longest; 0: none.

        One between two tries is in hand too; the time in the queue does not count.
        """
        async with self._pool.acquire() as connection:
            return float(await connection.fetchval(sql.OLDEST_CHECKPOINT))

    async def finish(self, claim: Claim, status: str, error_type: str | None = None) -> None:
        """Record the end: `done`, `cancelled` or `failed`. `FencedError`."""
        async with self._pool.transaction() as connection:
            held = await connection.fetchval(
                sql.FINISH, claim.id, claim.attempt, status, error_type
            )
            if held is None:
                raise FencedError
            await connection.execute(sql.DROP_USERS, claim.id)
            outcome = Outcome.DONE if status == "done" else Outcome.FAILED
            await _audit(
                connection, claim.requested_by, claim.operation, "batch_end", claim.id, outcome
            )

    async def hand_back(self, claim: Claim) -> None:
        """Let another process go on from the checkpoint. `FencedError`."""
        async with self._pool.acquire() as connection:
            if await connection.fetchval(sql.HAND_BACK, claim.id, claim.attempt) is None:
                raise FencedError

    async def cancel(self, batch_id: UUID, requested_by: str) -> bool:
        """Have the batch end at its next checkpoint; False where there is none that is open."""
        async with self._pool.transaction() as connection:
            row = await connection.fetchrow(sql.CANCEL, batch_id, requested_by)
            if row is None:
                return False
            if row["status"] == "cancelled":
                await connection.execute(sql.DROP_USERS, batch_id)
            operation = Operation(row["operation"])
            await _audit(connection, requested_by, operation, "batch_cancel", batch_id)
        return True

    async def status(self, batch_id: UUID, requested_by: str) -> dict[str, Any] | None:
        """Return what the one who asked for it may see; None for another's, as for none."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(sql.STATUS, batch_id, requested_by)
        if row is None:
            return None
        times = {name: row[name] for name in ("created_at", "checkpoint_at", "finished_at")}
        return {
            "task_id": str(row["id"]),
            "operation": row["operation"],
            "status": row["status"],
            "users": {
                "total": row["users_total"],
                "done": row["users_done"],
                "failed": row["users_failed"],
            },
            "cancel_requested": row["cancel_requested"],
            "error": row["error_type"],
            **times,
        }

    async def failures(self, batch_id: UUID, after: str, limit: int) -> list[dict[str, str]]:
        """Return users that could not be processed, in order, after one of them."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(sql.FAILURES_PAGE, batch_id, after, limit)
        return [{"user": row["user_id"], "error": row["error_type"]} for row in rows]


async def _register(connection: Connection, new_id: UUID, wanted: Wanted) -> UUID:
    inserted = await connection.fetchval(
        sql.REGISTER,
        *(new_id, wanted.operation.value, wanted.recipient, wanted.names is None),
        *(wanted.requested_by, wanted.idempotency_key, wanted.request_hash),
        json.dumps(propagation.inject()),
    )
    if inserted is not None:
        return new_id
    earlier = await connection.fetchrow(
        sql.SAME_KEY, wanted.requested_by, wanted.idempotency_key, wanted.request_hash
    )
    if earlier is None or not earlier["same_request"]:
        message = "The idempotency key was used for another request."
        raise Conflict(message)
    found: UUID = earlier["id"]
    return found


def _claim_of(row: Any) -> Claim:  # noqa: ANN401  # asyncpg's record
    return Claim(
        id=row["id"],
        operation=Operation(row["operation"]),
        recipient=row["recipient"],
        of_directory=row["of_directory"],
        requested_by=row["requested_by"],
        carrier=json.loads(row["carrier"]),
        attempt=row["attempt"],
        fruitless=row["fruitless"],
        cancel_requested=row["cancel_requested"],
        position=row["position"],
        total=row["users_total"],
        done=row["users_done"],
        failed=row["users_failed"],
    )


async def _audit(  # noqa: PLR0913, PLR0917  # the fields of an entry
    connection: Connection,
    actor: str,
    operation: Operation,
    step: str,
    batch_id: UUID,
    outcome: Outcome = Outcome.DONE,
) -> None:
    entry = Entry(actor, f"users.{step}", f"user_batch:{batch_id}", outcome)
    await record(
        connection, Entry(entry.actor, entry.action, entry.object, outcome, {"of": operation.value})
    )


async def _nobody() -> AsyncIterable[Sequence[str]]:
    return
    yield  # a generator, of nothing
