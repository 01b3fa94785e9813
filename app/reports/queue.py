"""A queue on a table of PostgreSQL: claims under a lease, results fenced by the attempt number.

Report jobs and the outbox of mails are each one of these. A claim adds one to the row's `attempt`;
whoever was slow holds an older number, and every statement that settles a message asks for the
number it was claimed with. `docs/decisions/queue-on-postgresql.md` says why this is ours.
Claims, heartbeats and samples make no spans: an idle worker would make a trace a poll.
"""

import json
import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from opentelemetry.instrumentation.utils import suppress_instrumentation

from app.database.pool import Connection, DatabasePool
from app.database.report_statements import LeaseStatements

_UNIFORM: Final = secrets.SystemRandom().uniform


class LeaseLostError(Exception):
    """The message was taken over by another worker; whatever was made of it must be discarded."""


class CancelRequestedError(Exception):
    """Nobody wants the message any more; the work on it ends here."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message in hand. `attempt` is the fence; `tries` leaves out what was handed back unused.

    `waited_seconds` is for how long it had been due when it was taken; `lease_expired` tells that
    the worker before gave no sign of life, `cancel_requested` that nobody wants it any more.
    """

    id: UUID
    attempt: int
    tries: int
    carrier: Mapping[str, str]
    waited_seconds: float
    lease_expired: bool = False
    cancel_requested: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many messages are due and not done, and how long the oldest of them has been there.

    `dead` is how many nobody will try again unless they are replayed.
    """

    depth: int
    oldest_seconds: float
    dead: int


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds until the next try: doubling from `first` up to `longest`, less up to a half."""

    first: float = 1.0
    longest: float = 300.0
    uniform: Callable[[float, float], float] = _UNIFORM

    def delay(self, tries: int) -> float:
        """Return the wait after that many failed tries (from 1), in seconds."""
        doubled = math.ldexp(self.first, min(tries - 1, 32))
        return min(self.longest, doubled) * self.uniform(0.5, 1.0)


class LeaseQueue:
    """One queue: `name` is its destination name in telemetry, `statements` name its table.

    Every method that settles a claim raises `LeaseLostError` where the claim is no longer held.
    """

    def __init__(
        self, name: str, pool: DatabasePool, statements: LeaseStatements, *, lease_seconds: float
    ) -> None:
        self.name = name
        self.lease_seconds = lease_seconds
        self._pool = pool
        self._sql = statements

    async def claim(self) -> Claim | None:
        """Take the message that has waited longest, or None where none is ready."""
        with suppress_instrumentation():
            async with self._pool.acquire() as connection:
                row = await connection.fetchrow(self._sql.claim, self.lease_seconds)
        if row is None:
            return None
        return Claim(
            *(row["id"], row["attempt"], row["tries"]),
            carrier=json.loads(row["carrier"]),
            waited_seconds=row["waited_seconds"],
            lease_expired=row["lease_expired"],
            cancel_requested=row["cancel_requested"],
        )

    async def extend(self, claim: Claim) -> None:
        """Hold the claim for another full lease from now."""
        with suppress_instrumentation():
            await self._settle(self._sql.extend, claim, self.lease_seconds)

    async def complete(self, connection: Connection, claim: Claim) -> bool:
        """Mark the message done in the caller's transaction, where its result is stored as well.

        Call it first: it locks the row, so that nobody takes the message over before the commit.
        Returns whether a cancel was asked for meanwhile; who can still heed it raises
        `CancelRequestedError`, and so rolls back.
        """
        cancel_requested = await connection.fetchval(self._sql.complete, claim.id, claim.attempt)
        if cancel_requested is None:
            raise LeaseLostError
        return bool(cancel_requested)

    async def retry(self, claim: Claim, delay_seconds: float, error_type: str) -> bool:
        """Put the message back, due after `delay_seconds`; False where it is cancelled instead."""
        return not await self._settle(self._sql.retry, claim, delay_seconds, error_type)

    async def bury(self, claim: Claim, error_type: str) -> None:
        """Mark the message dead: nobody will take it again."""
        await self._settle(self._sql.bury, claim, error_type)

    async def cancel(self, claim: Claim) -> None:
        """Mark the message cancelled: nobody will take it unless it is replayed."""
        await self._settle(self._sql.cancel, claim)

    async def hand_back(self, claim: Claim) -> None:
        """Put the message back at once, as if it had not been tried."""
        await self._settle(self._sql.hand_back, claim)

    async def backlog(self) -> Backlog:
        """Return what is due and not done."""
        with suppress_instrumentation():
            async with self._pool.acquire() as connection:
                row = await connection.fetchrow(self._sql.backlog)
        return Backlog(row["depth"], row["oldest_seconds"], row["dead"])

    async def _settle(self, statement: str, claim: Claim, *values: object) -> bool:
        """Return whether the statement says that the message is cancelled."""
        async with self._pool.acquire() as connection:
            cancelled = await connection.fetchval(statement, claim.id, claim.attempt, *values)
        if cancelled is None:
            raise LeaseLostError
        return bool(cancelled)
