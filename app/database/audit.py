"""The SQL of the audit trail; the only place that names its tables.

`audit_entries` is what happened, `audit_chain` one link an entry in sealed order, and
`audit_checkpoints` where the chain begins after retention has cut it.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any, Final

from app.database.pool import Connection

_SEALER_LOCK: Final = 0x5167_0006
"""The advisory lock's number: this service's, for the sealer."""

_INSERT = """
    INSERT INTO audit_entries (actor, action, object, outcome, details,
                               instance, client_address, correlation_id, trace_id)
    SELECT actor, action, object, outcome, details::jsonb, $6, $7, $8, $9
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         WITH ORDINALITY AS given (actor, action, object, outcome, details, place)
    ORDER BY place
"""
# As text, whatever was put there: the reader must not stumble over a date that Python has not.
_ENTRY: Final = """
    e.id, e.xid::text AS xid,
    to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
    e.actor, e.action, e.object, e.outcome, e.service, e.instance, e.client_address,
    e.correlation_id, e.trace_id, e.details::text AS details
"""
_SEALABLE = f"""
    SELECT {_ENTRY}, EXTRACT(epoch FROM clock_timestamp() - e.at)::float8 AS age
    FROM audit_entries e
    WHERE (e.xid, e.id) > ($1::text::xid8, $2)
      AND e.xid < audit_xid(pg_snapshot_xmin(pg_current_snapshot()))
    ORDER BY e.xid, e.id LIMIT $3
"""  # noqa: S608  # our own columns
_PAGE = f"""
    SELECT {_ENTRY}, c.number FROM audit_entries e LEFT JOIN audit_chain c ON c.entry_id = e.id
    WHERE e.id < $1 AND ($2::text IS NULL OR e.actor = $2) AND ($3::text IS NULL OR e.object = $3)
      AND ($4::text IS NULL OR e.action = $4) AND ($5::timestamptz IS NULL OR e.at >= $5)
      AND ($6::timestamptz IS NULL OR e.at < $6)
    ORDER BY e.id DESC LIMIT $7
"""  # noqa: S608  # our own columns
_ENTRIES_BY_ID = f"SELECT {_ENTRY} FROM audit_entries e WHERE e.id = ANY($1) ORDER BY e.id"  # noqa: S608  # our own columns
_OLDEST_UNSEALED = """
    SELECT EXTRACT(epoch FROM clock_timestamp() - at)::float8 FROM audit_entries
    WHERE (xid, id) > ($1::text::xid8, $2) ORDER BY xid, id LIMIT 1
"""
_LINK: Final = "c.number, c.entry_id, c.xid::text AS xid, c.digest, c.previous, c.hash"
_INSERT_LINKS = """
    INSERT INTO audit_chain (number, entry_id, xid, digest, previous, hash)
    SELECT number, entry_id, xid::xid8, digest, previous, hash
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
         AS given (number, entry_id, xid, digest, previous, hash)
"""
_LAST_LINK = f"SELECT {_LINK} FROM audit_chain c ORDER BY c.number DESC LIMIT 1"  # noqa: S608  # our own columns
_LAST_CHECKPOINT = """
    SELECT number, hash, xid::text, id FROM audit_checkpoints ORDER BY number DESC LIMIT 1
"""
_SEALED: Final = f"""
    SELECT {_LINK.replace("AS xid", "AS link_xid")}, {_ENTRY}
    FROM audit_chain c LEFT JOIN audit_entries e ON e.id = c.entry_id
"""  # noqa: S608  # our own columns
_LINKS_AFTER = f"{_SEALED} WHERE c.number > $1 ORDER BY c.number LIMIT $2"
_SEALED_WITH_DIGEST = f"{_SEALED} WHERE c.digest = $1 AND c.number <> $2 LIMIT 1"
_LINK_AT = f"SELECT {_LINK} FROM audit_chain c WHERE c.number = $1"  # noqa: S608  # our own columns
_LINK_AFTER_HASH = f"""
    SELECT {_LINK} FROM audit_chain c WHERE c.previous = $1 AND c.number <> $2
    ORDER BY c.number LIMIT 1
"""  # noqa: S608  # our own columns
_UNLINKED: Final = "NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id)"
_UNLINKED_BETWEEN = f"""
    SELECT e.id, (SELECT min(k.number) FROM audit_chain k
                  WHERE (k.xid, k.entry_id) > (e.xid, e.id)) AS number
    FROM audit_entries e
    WHERE (e.xid, e.id) > ($1::text::xid8, $2) AND (e.xid, e.id) <= ($3::text::xid8, $4)
      AND {_UNLINKED}
    ORDER BY e.xid, e.id LIMIT 1
"""  # noqa: S608  # our own condition
_FIRST_UNLINKED_AFTER = f"""
    SELECT e.id FROM audit_entries e WHERE (e.xid, e.id) > ($1::text::xid8, $2) AND {_UNLINKED}
    ORDER BY e.xid, e.id LIMIT 1
"""  # noqa: S608  # our own condition
_FIRST_BEFORE = """
    (SELECT e.id FROM audit_entries e WHERE (e.xid, e.id) <= ($2::text::xid8, $3)
     ORDER BY e.xid, e.id LIMIT 1)
    UNION ALL
    (SELECT c.entry_id FROM audit_chain c WHERE c.number <= $1 ORDER BY c.number LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What one entry says for itself; the rest is the same for all of one call."""

    actor: str
    action: str
    object: str
    outcome: str
    details: str


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry on record; `at` in UTC as RFC 3339 with microseconds, `details` as JSON text.

    `age` is in seconds, 0 where it was not asked for.
    """

    id: int
    xid: int
    at: str
    actor: str
    action: str
    object: str
    outcome: str
    service: str
    instance: str
    client_address: str | None
    correlation_id: str | None
    trace_id: str | None
    details: str
    age: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to list: each given field must be equal, the time in [`since`, `until`)."""

    actor: str | None = None
    object: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link of the chain, in the columns' order."""

    number: int
    entry_id: int
    xid: int
    digest: bytes
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A link and its entry; None where that is gone."""

    link: LinkRow
    entry: StoredEntry | None


async def insert(  # noqa: PLR0913, PLR0917  # the columns of the rows
    connection: Connection,
    rows: Sequence[NewEntry],
    instance: str,
    client_address: str | None,
    correlation_id: str | None,
    trace_id: str | None,
) -> None:
    """Insert the entries in their order, in the caller's transaction."""
    columns = zip(*map(astuple, rows), strict=True)
    await connection.execute(
        _INSERT, *map(list, columns), instance, client_address, correlation_id, trace_id
    )


async def page(
    connection: Connection, wanted: Wanted, before: int, at_most: int
) -> list[tuple[StoredEntry, int | None]]:
    """Return the newest entries of an ID under `before`, each with its number once sealed."""
    rows = await connection.fetch(
        *(_PAGE, before, wanted.actor, wanted.object, wanted.action),
        *(wanted.since, wanted.until, at_most),
    )
    return [(_entry(row), row["number"]) for row in rows]


async def lock_chain(connection: Connection) -> bool:
    """Hold the chain for writing until the transaction ends; False where another does."""
    held = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _SEALER_LOCK)
    return held is True


async def wait_for_chain(connection: Connection) -> None:
    """Hold the chain for writing until the transaction ends, once nobody else does."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _SEALER_LOCK)


async def sealable(
    connection: Connection, xid: int, entry_id: int, at_most: int
) -> list[StoredEntry]:
    """Return the entries after that place before which nothing can appear any more."""
    rows = await connection.fetch(_SEALABLE, str(xid), entry_id, at_most)
    return [_entry(row) for row in rows]


async def is_ahead(connection: Connection, xid: int) -> bool:
    """Tell whether the server has yet to give out that transaction ID."""
    ahead = await connection.fetchval(
        "SELECT $1::text::xid8 >= audit_xid(pg_snapshot_xmax(pg_current_snapshot()))", str(xid)
    )
    return ahead is True


async def insert_links(connection: Connection, links: Sequence[LinkRow]) -> None:
    """Add the links to the chain."""
    numbers, ids, xids, *rest = map(list, zip(*map(astuple, links), strict=True))
    await connection.execute(_INSERT_LINKS, numbers, ids, [str(xid) for xid in xids], *rest)


async def oldest_unsealed_age(connection: Connection, xid: int, entry_id: int) -> float:
    """Return the age in seconds of the first entry after that place; 0 where there is none."""
    age = await connection.fetchval(_OLDEST_UNSEALED, str(xid), entry_id)
    return max(0.0, float(age or 0.0))


async def last_link(connection: Connection) -> LinkRow | None:
    """Return the end of the chain."""
    row = await connection.fetchrow(_LAST_LINK)
    return None if row is None else _link(row)


async def last_checkpoint(connection: Connection) -> tuple[int, bytes, int, int] | None:
    """Return the last cut: the number and hash of the last link cut, its xid and entry's ID."""
    row = await connection.fetchrow(_LAST_CHECKPOINT)
    return None if row is None else (row["number"], row["hash"], int(row["xid"]), row["id"])


async def links_after(connection: Connection, number: int, at_most: int) -> list[Sealed]:
    """Return the links after that number, in order, each with its entry."""
    return [_sealed(row) for row in await connection.fetch(_LINKS_AFTER, number, at_most)]


async def entries_by_id(connection: Connection, ids: Sequence[int]) -> list[StoredEntry]:
    """Return the entries of those IDs, in the IDs' order."""
    return [_entry(row) for row in await connection.fetch(_ENTRIES_BY_ID, list(ids))]


async def sealed_with_digest(connection: Connection, digest: bytes, but: int) -> Sealed | None:
    """Return a link of that digest under another number, with its entry. Reads all links."""
    row = await connection.fetchrow(_SEALED_WITH_DIGEST, digest, but)
    return None if row is None else _sealed(row)


async def link_at(connection: Connection, number: int) -> LinkRow | None:
    """Return the link of that number."""
    row = await connection.fetchrow(_LINK_AT, number)
    return None if row is None else _link(row)


async def link_after_hash(connection: Connection, previous: bytes, but: int) -> LinkRow | None:
    """Return the first link sealed after that hash under another number. Reads all links."""
    row = await connection.fetchrow(_LINK_AFTER_HASH, previous, but)
    return None if row is None else _link(row)


async def unlinked(
    connection: Connection, after: tuple[int, int], to: tuple[int, int]
) -> tuple[int, int | None] | None:
    """Return the first entry in that stretch without a link: its ID, and the number it precedes.

    Places are (transaction ID, entry ID).
    """
    row = await connection.fetchrow(_UNLINKED_BETWEEN, str(after[0]), after[1], str(to[0]), to[1])
    return None if row is None else (row["id"], row["number"])


async def first_unlinked_after(connection: Connection, after: tuple[int, int]) -> int | None:
    """Return the ID of the first entry after that place without a link."""
    found: int | None = await connection.fetchval(_FIRST_UNLINKED_AFTER, str(after[0]), after[1])
    return found


async def first_before(connection: Connection, number: int, place: tuple[int, int]) -> int | None:
    """Return the ID of an entry that stands, or is linked, at that place or before it."""
    found: int | None = await connection.fetchval(_FIRST_BEFORE, number, str(place[0]), place[1])
    return found


async def cut(connection: Connection, older_than_days: int, at_most: int) -> int:
    """Cut sealed entries of over that many days, oldest first, and return how many."""
    cut_entries: int = await connection.fetchval(
        "SELECT audit_cut($1, $2)", older_than_days, at_most
    )
    return cut_entries


_STORED: Final = tuple(one.name for one in fields(StoredEntry) if one.name not in {"xid", "age"})


def _entry(row: Any) -> StoredEntry:  # noqa: ANN401  # asyncpg ships no types
    stored = {name: row[name] for name in _STORED}
    return StoredEntry(**stored, xid=int(row["xid"]), age=row.get("age", 0.0))


def _link(row: Any) -> LinkRow:  # noqa: ANN401  # asyncpg ships no types
    return LinkRow(
        row["number"], row["entry_id"], int(row["xid"]), row["digest"], row["previous"], row["hash"]
    )


def _sealed(row: Any) -> Sealed:  # noqa: ANN401  # asyncpg ships no types
    link = LinkRow(
        *(row["number"], row["entry_id"], int(row["link_xid"])),
        *(row["digest"], row["previous"], row["hash"]),
    )
    return Sealed(link, None if row["id"] is None else _entry(row))
