"""The SQL of the audit trail's entries: recorded in the caller's transaction, listed, looked up.

`app.audit.trail` records, `app.audit.http` lists. The sealer (`app.database.audit_chain`) chains
them afterwards.
"""

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Final

from app.database.audit_rows import ENTRY, StoredEntry, entry_of
from app.database.pool import Connection

_INSERT = """
    INSERT INTO audit_entries (actor, action, object, outcome, details,
                               instance, client_address, correlation_id, trace_id)
    SELECT actor, action, object, outcome, details::jsonb, $6, $7, $8, $9
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         WITH ORDINALITY AS given (actor, action, object, outcome, details, place)
    ORDER BY place
"""
# The number by a look-up a row, and no condition that is not asked: a join, or one plan for every
# question, reads the whole trail for a page while the tables have no statistics.
_PAGE = f"""
    SELECT {ENTRY}, (SELECT c.number FROM audit_chain c WHERE c.entry_id = e.id) AS number
    FROM audit_entries e WHERE e.id < $1 AND {{asked}} ORDER BY e.id DESC LIMIT $2
"""  # noqa: S608  # our own columns
_ASKED: Final = {
    "actor": "e.actor = ${}",
    "object": "e.object = ${}",
    "action": "e.action = ${}",
    "since": "e.at >= ${}",
    "until": "e.at < ${}",
}
_ENTRIES_BY_ID = f"SELECT {ENTRY} FROM audit_entries e WHERE e.id = ANY($1) ORDER BY e.id"  # noqa: S608  # our own columns


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What one entry says for itself; the rest is the same for all of one call."""

    actor: str
    action: str
    object: str
    outcome: str
    details: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to list: each given field must be equal, the time in [`since`, `until`)."""

    actor: str | None = None
    object: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def take_place(connection: Connection) -> None:
    """Give the transaction its place in the chain's order before it has anything on record.

    What another transaction begins from here on is sealed behind it, and what was committed before
    is seen by its next statement.
    """
    await connection.execute("SELECT pg_current_xact_id()")


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
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    asked = [_ASKED[name].format(place) for place, name in enumerate(given, start=3)]
    query = _PAGE.format(asked=" AND ".join(asked) or "true")
    rows = await connection.fetch(query, before, at_most, *given.values())
    return [(entry_of(row), row["number"]) for row in rows]


async def entries_by_id(connection: Connection, ids: Sequence[int]) -> list[StoredEntry]:
    """Return the entries of those IDs, in the IDs' order."""
    return [entry_of(row) for row in await connection.fetch(_ENTRIES_BY_ID, list(ids))]
