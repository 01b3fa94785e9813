"""One portion of a file into its table, and the checkpoint with it: one transaction.

New rows go in by COPY, straight into the table. Where a row is there already the COPY is undone,
and the portion goes in by an INSERT that leaves known rows alone; the next portions too, for a
while, since such rows seldom come alone. A row that the database refuses is found by halving.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import asyncpg

from app.audit.trail import Entry, record
from app.batches.kinds import Kind, Layout, Reason, Row
from app.batches.ledger import Checkpoint, Claim, Counts, FencedError
from app.batches.portions import Portion, Reject
from app.database import grants
from app.database import import_statements as sql
from app.database.pool import Connection, DatabasePool

MAX_REJECTS_KEPT: Final = 1_000
"""Of one import, in the database; the rest is counted."""

_REFUSALS: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
_MOST_BYPASSES: Final = 64


class OvertakenError(Exception):
    """The portion does not begin at the checkpoint: an earlier commit arrived after all."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.checkpoint = checkpoint


class Writer:
    """Writes the portions of one import."""

    def __init__(
        self, pool: DatabasePool, claim: Claim, layout: Layout, *, lease_seconds: float
    ) -> None:
        self._pool = pool
        self._claim = claim
        self._rows = _Rows(layout, claim.request.requested_by)
        self.kind = layout.kind
        self._lease_seconds = lease_seconds

    async def write(
        self, portion: Portion, on_rejects: Callable[[Sequence[Reject]], None]
    ) -> Checkpoint:
        """Commit the portion with its checkpoint, which is returned.

        `on_rejects` hears of all its rejects before the commit. Raises `FencedError`,
        `OvertakenError` (nothing is changed then) and `Unavailable` (it may have been committed
        all the same: the next attempt tells).
        """
        claim = self._claim
        async with self._pool.transaction() as connection:
            held = await connection.fetchrow(sql.LOCK, claim.id, claim.attempt)
            if held is None:
                raise FencedError
            before = Checkpoint.of(held)
            if before.position != portion.start:
                raise OvertakenError(before)
            added, refused = await self._rows.put(connection, portion)
            rejects = sorted([*portion.rejects, *refused])
            unchanged = len(portion.rows) - added - len(refused)
            counts = Counts(
                before.counts.added + added,
                before.counts.unchanged + unchanged,
                before.counts.rejected + len(rejects),
            )
            await self._keep(connection, rejects, before.counts.rejected)
            if added:
                await self._audit(connection, portion, added)
            await connection.execute(
                sql.CHECKPOINT,
                *(claim.id, claim.attempt, portion.end.offset, portion.end.line),
                *(counts.added, counts.unchanged, counts.rejected, self._lease_seconds),
            )
            if added and self.kind.moves_epoch:
                # Last: every grant that changes meanwhile waits for this row.
                await grants.move_epoch(connection, changed=True)
            on_rejects(rejects)
        self._rows.committed()
        return Checkpoint(portion.end, counts)

    async def _keep(self, connection: Connection, rejects: Sequence[Reject], kept: int) -> None:
        room = rejects[: max(0, MAX_REJECTS_KEPT - kept)]
        if room:
            lines, columns, reasons = zip(*room, strict=True)
            await connection.execute(
                sql.ADD_REJECTS, self._claim.id, lines, columns, [one.value for one in reasons]
            )

    async def _audit(self, connection: Connection, portion: Portion, added: int) -> None:
        wanted = self._claim.request
        details = {
            "kind": wanted.kind,
            "sha256": wanted.file_hash.hex(),
            "lines": [portion.start.line, portion.end.line - 1],
            "added": added,
        }
        entry = Entry(wanted.requested_by, "import.rows", f"import:{self._claim.id}")
        await record(connection, replace(entry, details=details))


class _Rows:
    """The way of rows into the table of their kind."""

    def __init__(self, layout: Layout, imported_by: str) -> None:
        kind: Kind = layout.kind
        self._table = kind.table
        self._columns = tuple(kind.columns[name] for name in layout.names)
        self._origin = kind.origin
        self._imported_by = imported_by
        self._insert = sql.insert_missing(kind.table, self._columns, kind.origin)
        self._bypasses = 0
        self._next_bypasses = 1

    def committed(self) -> None:
        """Count down to the next COPY."""
        self._bypasses = max(0, self._bypasses - 1)

    async def put(self, connection: Connection, portion: Portion) -> tuple[int, list[Reject]]:
        """Return how many rows were new, and which the database refused."""
        rows = list(dict.fromkeys(portion.rows))  # one that stands there twice is added once
        if not rows:
            return 0, []
        if not self._bypasses:
            try:
                async with connection.transaction():
                    await self._copy(connection, rows)
            except asyncpg.UniqueViolationError:
                self._bypasses = self._next_bypasses
                self._next_bypasses = min(_MOST_BYPASSES, 2 * self._next_bypasses)
            except _REFUSALS:
                pass  # one of them; which, the INSERT tells
            else:
                self._next_bypasses = 1
                return len(rows), []
        refused: set[Row] = set()
        added = await self._merge(connection, rows, refused)
        if not refused:
            return added, []
        return added, [
            Reject(line, None, Reason.REFUSED)
            for row, line in zip(portion.rows, portion.lines, strict=True)
            if row in refused
        ]

    async def _copy(self, connection: Connection, rows: Sequence[Row]) -> None:
        by = self._imported_by
        await connection.copy_records_to_table(
            self._table,
            records=[(*row, by) for row in rows],
            columns=(*self._columns, self._origin),
        )

    async def _merge(self, connection: Connection, rows: list[Row], refused: set[Row]) -> int:
        try:
            async with connection.transaction():
                arrays = (list(column) for column in zip(*rows, strict=True))
                status = await connection.execute(self._insert, *arrays, self._imported_by)
        except _REFUSALS:
            if len(rows) == 1:
                refused.add(rows[0])
                return 0
            half = len(rows) // 2
            first = await self._merge(connection, rows[:half], refused)
            return first + await self._merge(connection, rows[half:], refused)
        return int(status.rpartition(" ")[2])
