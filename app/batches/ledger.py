"""What is on record of imports: accepted, claimed, finished; the checkpoints are the writer's.

An import is known by who brought it, its kind and its file's SHA-256: the same file brought again
is the same import.
"""

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import structlog

from app import signals
from app.audit.trail import Entry, Outcome, record
from app.batches.portions import Format, Position
from app.database import import_statements as sql
from app.database.pool import Connection, DatabasePool
from telemetry import propagation
from telemetry.catalog.attributes import MESSAGING_MESSAGE_ID
from telemetry.messaging import Messaging
from telemetry.runtime import Telemetry

logger = structlog.stdlib.get_logger()

QUEUE: Final = "imports"
MESSAGING_SYSTEM: Final = "postgresql"
_FAILED: Final = "failed"


class FencedError(Exception):
    """Another process has taken the import over: nothing of this one's may be committed."""


class Origin(StrEnum):
    """Where the bytes are: in the database, in the import folder, with whoever runs the command."""

    UPLOAD = "upload"
    REFERENCE = "reference"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An import that is wanted."""

    kind: str
    format: Format
    origin: Origin
    path: str | None
    file_hash: bytes
    size: int
    requested_by: str

    @property
    def key(self) -> tuple[str, str, str, bytes]:
        """What makes two of them the same import."""
        return self.requested_by, self.kind, self.format.value, self.file_hash


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows so far, by what became of them."""

    added: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def done(self) -> int:
        """All of them."""
        return self.added + self.unchanged + self.rejected


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far an import is: all before `position` is committed, nothing after it."""

    position: Position
    counts: Counts

    @classmethod
    def of(cls, row: Any) -> "Checkpoint":  # noqa: ANN401  # asyncpg's record
        """Return the checkpoint that a row of `imports` holds."""
        counts = Counts(row["rows_added"], row["rows_unchanged"], row["rows_rejected"])
        return cls(Position(row["byte_offset"], row["next_line"]), counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An import in hand; `attempt` is the fence, `fruitless` the claims since its checkpoint."""

    id: UUID
    request: Request
    carrier: dict[str, str]
    attempt: int
    fruitless: int
    checkpoint: Checkpoint

    @classmethod
    def of(cls, row: Any) -> "Claim":  # noqa: ANN401  # asyncpg's record
        """Return the claim that a claiming statement answers with."""
        return cls(
            id=row["id"],
            request=Request(
                kind=row["kind"],
                format=Format(row["format"]),
                origin=Origin(row["source"]),
                path=row["path"],
                file_hash=row["file_hash"],
                size=row["size_bytes"],
                requested_by=row["requested_by"],
            ),
            carrier=json.loads(row["carrier"]),
            attempt=row["attempt"],
            fruitless=row["fruitless"],
            checkpoint=Checkpoint.of(row),
        )


@dataclass(frozen=True, slots=True)
class RejectPage:
    """Rejects by line; `next_line` is where the next page begins after, None on the last."""

    items: list[dict[str, int | str | None]]
    next_line: int | None


class Ledger:
    """The imports on record. Every method raises `Unavailable`."""

    def __init__(self, pool: DatabasePool, telemetry: Telemetry, *, lease_seconds: float) -> None:
        self._pool = pool
        self._messaging = Messaging(telemetry.tracing, telemetry.meter, system=MESSAGING_SYSTEM)
        self.lease_seconds = lease_seconds

    async def accept(
        self, wanted: Request, pieces: AsyncIterator[tuple[int, bytes]] | None, *, again: bool
    ) -> UUID:
        """Put the import on record and return its ID: the earlier one's for the same file.

        A failed one is tried again from its checkpoint; a finished one only if `again`, from the
        beginning and under a new ID. `pieces` are an upload's bytes, with the offset of each.
        """
        new_id = uuid.uuid4()
        with self._messaging.sending(signals.ENQUEUE_IMPORT, QUEUE, str(new_id)) as sending:
            async with self._pool.transaction() as connection:
                if again:
                    await connection.execute(sql.SUPERSEDE, *wanted.key)
                import_id, is_queued = await _register(connection, new_id, wanted)
                if is_queued:
                    async for offset, content in pieces or _nothing():
                        await connection.execute(sql.ADD_PIECE, import_id, offset, content)
                    await _audit(connection, wanted, import_id, "import.accept")
            sending.messages = int(is_queued)
            sending.span.set_attribute(MESSAGING_MESSAGE_ID, str(import_id))
        if is_queued:
            logger.info(
                signals.IMPORT_ACCEPTED.name,
                **{
                    signals.IMPORT_ID: str(import_id),
                    signals.IMPORT_KIND.attribute: wanted.kind,
                    signals.IMPORT_BYTES: wanted.size,
                },
            )
        return import_id

    async def claim(self, import_id: UUID | None = None) -> Claim | None:
        """Take that import, or the next one that a worker can; None where none is free.

        One whose holder stands still in a COPY is freed, for a later call at the latest.
        """
        with self._messaging.receiving(QUEUE) as receiving:
            async with self._pool.acquire() as connection:
                ended = await connection.fetchval(sql.END_FROZEN, self.lease_seconds)
                if import_id is None:
                    row = await connection.fetchrow(sql.CLAIM_NEXT, self.lease_seconds)
                else:
                    row = await connection.fetchrow(sql.CLAIM_ONE, self.lease_seconds, import_id)
            receiving.messages = int(row is not None)
        if ended:
            logger.warning(signals.IMPORT_HOLDER_ENDED.name)
        return None if row is None else Claim.of(row)

    async def finish(self, claim: Claim, error_type: str | None = None) -> None:
        """Record the end, for good where there is an error; the upload goes. `FencedError`."""
        status = "done" if error_type is None else _FAILED
        async with self._pool.transaction() as connection:
            await _held(connection, sql.FINISH, claim, status, error_type)
            await connection.execute(sql.DROP_PIECES, claim.id)
            outcome = Outcome.DONE if error_type is None else Outcome.FAILED
            await _audit(connection, claim.request, claim.id, "import.finish", outcome)

    async def hand_back(self, claim: Claim) -> None:
        """Let another process go on from the checkpoint. `FencedError`."""
        async with self._pool.acquire() as connection:
            await _held(connection, sql.HAND_BACK, claim)

    async def is_finished(self, import_id: UUID) -> bool:
        """Tell whether the import is at its end, good or bad."""
        async with self._pool.acquire() as connection:
            return bool(await connection.fetchval(sql.IS_FINISHED, import_id))

    async def status(self, import_id: UUID, requested_by: str) -> dict[str, Any] | None:
        """Return what the one who brought it may see; None for another's, as for none."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(sql.STATUS, import_id, requested_by)
            if row is None:
                return None
            kept = await connection.fetchval(sql.REJECTS_KEPT, import_id)
        counts = Checkpoint.of({**row, "next_line": 0}).counts
        times: dict[str, datetime | None] = {
            name: row[name] for name in ("created_at", "checkpoint_at", "finished_at")
        }
        return {
            "task_id": str(row["id"]),
            "kind": row["kind"],
            "format": row["format"],
            "source": row["source"],
            "status": row["status"],
            "bytes": {"done": row["byte_offset"], "total": row["size_bytes"]},
            "rows": {
                "done": counts.done,
                "added": counts.added,
                "unchanged": counts.unchanged,
                "rejected": counts.rejected,
            },
            "rejects_kept": kept,
            "error": row["error_type"],
            **times,
        }

    async def rejects(self, import_id: UUID, after_line: int, limit: int) -> RejectPage:
        """Return the rejects after a line, at most `limit`."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(sql.REJECTS_PAGE, import_id, after_line, limit + 1)
        items = [
            {"line": row["line"], "column": row["column_name"], "reason": row["reason"]}
            for row in rows[:limit]
        ]
        return RejectPage(items, rows[limit - 1]["line"] if len(rows) > limit else None)


async def _register(connection: Connection, new_id: UUID, wanted: Request) -> tuple[UUID, bool]:
    """Return the import's ID, and whether it is to be queued by this call."""
    carrier = json.dumps(propagation.inject())
    fields = (wanted.kind, wanted.format.value, wanted.origin.value, wanted.path, wanted.file_hash)
    registered = (new_id, *fields, wanted.size, wanted.requested_by, carrier)
    earlier = None
    while earlier is None:
        if await connection.fetchval(sql.REGISTER, *registered) is not None:
            return new_id, True
        # None where another request for the same file superseded that one in between.
        earlier = await connection.fetchrow(sql.SAME_FILE, *wanted.key)
    if earlier["status"] != _FAILED:
        if wanted.origin is Origin.COMMAND:
            await connection.execute(sql.RENAME, earlier["id"], wanted.path)
        return earlier["id"], False
    await connection.execute(sql.REQUEUE, earlier["id"], wanted.origin.value, wanted.path)
    return earlier["id"], True


async def _held(connection: Connection, statement: str, claim: Claim, *values: object) -> None:
    if await connection.fetchval(statement, claim.id, claim.attempt, *values) is None:
        raise FencedError


async def _audit(
    connection: Connection,
    wanted: Request,
    import_id: UUID,
    action: str,
    outcome: Outcome = Outcome.DONE,
) -> None:
    details = {"kind": wanted.kind, "sha256": wanted.file_hash.hex(), "bytes": wanted.size}
    await record(
        connection, Entry(wanted.requested_by, action, f"import:{import_id}", outcome, details)
    )


async def _nothing() -> AsyncIterator[tuple[int, bytes]]:
    return
    yield  # a generator, of nothing
