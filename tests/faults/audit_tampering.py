"""What somebody with all rights can do to one row of the trail, each with what must be found.

The expectation comes from the tamperer's own ledger (which entry it took), not from the verifier.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from app.audit.chain import digest_of, link_hash
from app.audit.diagnosis import Kind
from app.database import audit_chain, audit_check, audit_entries
from app.database.audit_rows import LinkRow, StoredEntry

Connection = Any

FORGED_ID = 1_000_000


@dataclass(frozen=True, slots=True)
class Expected:
    kind: Kind
    number: int
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class Trail:
    """The ledger: the entry IDs in sealed order, the first has number 1."""

    connection: Connection
    ids: tuple[int, ...]
    random: random.Random

    def any(self, leave_at_end: int = 0) -> tuple[int, int]:
        number = self.random.randint(1, len(self.ids) - leave_at_end)
        return number, self.ids[number - 1]

    def two(self) -> tuple[int, int]:
        first, second = sorted(self.random.sample(range(1, len(self.ids) + 1), 2))
        return first, second


Tampering = Callable[[Trail], Awaitable[Expected]]

_EDITS = (
    "actor = actor || 'x'",
    "action = 'grant.revoke '",
    "object = object || ' '",
    "outcome = 'unchanged'",
    "at = at - interval '1 microsecond'",
    "at = 'infinity'",
    "at = 'epoch'",
    "service = service || 'x'",
    "instance = 'elsewhere:1'",
    "client_address = '192.0.2.1'",
    "correlation_id = 'other'",
    "trace_id = repeat('a', 32)",
    "details = details || '{\"n\": 0}'",
    "details = details || '{\"n\": 1e400}'",
    "details = details - 'user'",
    "xid = (xid::text::bigint + 1)::text::xid8",
)


async def edit_entry(trail: Trail) -> Expected:
    number, entry_id = trail.any()
    change = trail.random.choice(_EDITS)
    await trail.connection.execute(f"UPDATE audit_entries SET {change} WHERE id = $1", entry_id)  # noqa: S608  # ours
    return Expected(Kind.EDITED, number, entry_id)


async def edit_link(trail: Trail) -> Expected:
    number, entry_id = trail.any()
    column = trail.random.choice(("hash", "digest", "previous"))
    await trail.connection.execute(
        f"UPDATE audit_chain SET {column} = sha256({column}) WHERE number = $1",  # noqa: S608  # ours
        number,
    )
    return Expected(Kind.EDITED, number, entry_id)


async def edit_and_seal_again(trail: Trail) -> Expected:
    """Change an entry and its link so that the two agree."""
    number, entry_id = trail.any(leave_at_end=1)
    await trail.connection.execute(
        "UPDATE audit_entries SET actor = 'nobody' WHERE id = $1", entry_id
    )
    (sealed,) = await audit_check.links_after(trail.connection, number - 1, 1)
    assert sealed.entry is not None
    digest = digest_of(sealed.entry)
    link = sealed.link
    await trail.connection.execute(
        "UPDATE audit_chain SET digest = $2, hash = $3 WHERE number = $1",
        *(number, digest, link_hash(number, entry_id, link.xid, digest, link.previous)),
    )
    return Expected(Kind.EDITED, number, entry_id)


async def delete_entry(trail: Trail) -> Expected:
    number, entry_id = trail.any()
    await trail.connection.execute("DELETE FROM audit_entries WHERE id = $1", entry_id)
    return Expected(Kind.DELETED, number, entry_id)


async def delete_link(trail: Trail) -> Expected:
    number, entry_id = trail.any(leave_at_end=1)
    await trail.connection.execute("DELETE FROM audit_chain WHERE number = $1", number)
    return Expected(Kind.DELETED, number, entry_id)


async def delete_both(trail: Trail) -> Expected:
    """Take entry and link; of the last one only what was exported still tells."""
    number, entry_id = trail.any()
    await trail.connection.execute("DELETE FROM audit_entries WHERE id = $1", entry_id)
    await trail.connection.execute("DELETE FROM audit_chain WHERE number = $1", number)
    return Expected(Kind.DELETED, number, None)


async def delete_both_and_close_the_gap(trail: Trail) -> Expected:
    number, entry_id = trail.any(leave_at_end=1)
    await trail.connection.execute("DELETE FROM audit_entries WHERE id = $1", entry_id)
    await trail.connection.execute("DELETE FROM audit_chain WHERE number = $1", number)
    await _shift(trail, number, -1)
    return Expected(Kind.DELETED, number, None)


async def swap_contents(trail: Trail) -> Expected:
    first, second = trail.two()
    one, other = trail.ids[first - 1], trail.ids[second - 1]
    await trail.connection.execute(
        """
        UPDATE audit_entries e SET (xid, at, actor, action, object, outcome, details) =
            (SELECT xid, at, actor, action, object, outcome, details FROM audit_entries o
             WHERE o.id = CASE e.id WHEN $1 THEN $2 ELSE $1 END)
        WHERE e.id IN ($1, $2)
        """,
        *(one, other),
    )
    return Expected(Kind.REORDERED, first, one)


async def swap_links(trail: Trail) -> Expected:
    first, second = trail.two()
    for old, new in ((first, FORGED_ID), (second, first), (FORGED_ID, second)):
        await trail.connection.execute(
            "UPDATE audit_chain SET number = $2 WHERE number = $1", old, new
        )
    return Expected(Kind.REORDERED, first, trail.ids[second - 1])


async def swap_targets(trail: Trail) -> Expected:
    """Let each of two links point to the other's entry."""
    first, second = trail.two()
    one, other = trail.ids[first - 1], trail.ids[second - 1]
    for number, entry_id in ((first, FORGED_ID), (second, one), (first, other)):
        await trail.connection.execute(
            "UPDATE audit_chain SET entry_id = $2 WHERE number = $1", number, entry_id
        )
    return Expected(Kind.REORDERED, first, other)


async def move_link(trail: Trail) -> Expected:
    """Put a link further on and move those between up."""
    first, second = trail.two()
    await trail.connection.execute(
        "UPDATE audit_chain SET number = $2 WHERE number = $1", first, FORGED_ID
    )
    await _shift(trail, first, -1, until=second)
    await trail.connection.execute(
        "UPDATE audit_chain SET number = $2 WHERE number = $1", FORGED_ID, second
    )
    return Expected(Kind.REORDERED, first, trail.ids[first])


async def insert_unsealed(trail: Trail) -> Expected:
    """Put an entry between two transactions that were sealed long ago."""
    number, after = trail.any(leave_at_end=6)
    await _forge_entry(trail, after)
    last = await trail.connection.fetchval(
        "SELECT max(c.number) FROM audit_chain c WHERE c.xid = (SELECT xid FROM audit_chain"
        " WHERE number = $1)",
        number,
    )
    return Expected(Kind.INSERTED, last + 1, FORGED_ID)


async def insert_sealed(trail: Trail) -> Expected:
    """Put an entry in with a link that is right, and move the later ones on."""
    number, after = trail.any(leave_at_end=1)
    await _forge_entry(trail, after)
    await _shift(trail, number, 1)
    before = await audit_check.link_at(trail.connection, number - 1)
    previous = bytes(32) if before is None else before.hash
    entry = await _entry(trail, FORGED_ID)
    digest = digest_of(entry)
    sealed = link_hash(number, FORGED_ID, entry.xid, digest, previous)
    await audit_chain.insert_links(
        trail.connection,
        [LinkRow(number, FORGED_ID, entry.xid, digest, previous, sealed)],
    )
    return Expected(Kind.INSERTED, number, FORGED_ID)


async def insert_badly_sealed(trail: Trail) -> Expected:
    number, after = trail.any(leave_at_end=1)
    await _forge_entry(trail, after)
    await _shift(trail, number, 1)
    noise = trail.random.randbytes
    await audit_chain.insert_links(
        trail.connection,
        [LinkRow(number, FORGED_ID, 700, noise(32), noise(32), noise(32))],
    )
    return Expected(Kind.INSERTED, number, FORGED_ID)


async def _forge_entry(trail: Trail, like: int) -> None:
    await trail.connection.execute(
        """
        INSERT INTO audit_entries (id, xid, at, actor, action, object, outcome, instance, details)
        OVERRIDING SYSTEM VALUE
        SELECT $2, xid, at, 'forger', action, object, outcome, instance, details
        FROM audit_entries WHERE id = $1
        """,
        *(like, FORGED_ID),
    )


async def _entry(trail: Trail, entry_id: int) -> StoredEntry:
    (entry,) = await audit_entries.entries_by_id(trail.connection, (entry_id,))
    return entry


async def _shift(trail: Trail, number: int, by: int, until: int = FORGED_ID - 1) -> None:
    """Renumber what stands from `number` to `until`."""
    # Twice, by way of numbers that nothing has: two links never share one on the way.
    far = 2 * FORGED_ID
    for first, last, change in (
        (number, until, far),
        (number + far, until + far, by - far),
    ):
        await trail.connection.execute(
            "UPDATE audit_chain SET number = number + $3 WHERE number BETWEEN $1 AND $2",
            *(first, last, change),
        )


TAMPERINGS: tuple[Tampering, ...] = (
    edit_entry,
    edit_link,
    edit_and_seal_again,
    delete_entry,
    delete_link,
    delete_both,
    delete_both_and_close_the_gap,
    swap_contents,
    swap_links,
    swap_targets,
    move_link,
    insert_unsealed,
    insert_sealed,
    insert_badly_sealed,
)
