"""The audit trail's rows: an entry, a link of the chain, and both together.

`audit_entries` is what happened, `audit_chain` one link an entry in sealed order, and
`audit_checkpoints` where the chain begins after retention has cut it. Only the modules `audit_*`
beside this one name these tables.
"""

from dataclasses import dataclass, fields
from typing import Any, Final

# As text, whatever was put there: the reader must not stumble over a date that Python has not.
ENTRY: Final = """
    e.id, e.xid::text AS xid,
    to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
    e.actor, e.action, e.object, e.outcome, e.service, e.instance, e.client_address,
    e.correlation_id, e.trace_id, e.details::text AS details
"""
LINK: Final = "c.number, c.entry_id, c.xid::text AS xid, c.digest, c.previous, c.hash"


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


_STORED: Final = tuple(one.name for one in fields(StoredEntry) if one.name not in {"xid", "age"})


def entry_of(row: Any) -> StoredEntry:  # noqa: ANN401  # asyncpg ships no types
    """Return the entry of a row that has the columns `ENTRY`."""
    stored = {name: row[name] for name in _STORED}
    return StoredEntry(**stored, xid=int(row["xid"]), age=row.get("age", 0.0))


def link_of(row: Any) -> LinkRow:  # noqa: ANN401  # asyncpg ships no types
    """Return the link of a row that has the columns `LINK`."""
    return LinkRow(
        row["number"], row["entry_id"], int(row["xid"]), row["digest"], row["previous"], row["hash"]
    )


def sealed_of(row: Any) -> Sealed:  # noqa: ANN401  # asyncpg ships no types
    """Return the link and the entry of a row that has the columns of both, one as `link_xid`."""
    link = LinkRow(
        *(row["number"], row["entry_id"], int(row["link_xid"])),
        *(row["digest"], row["previous"], row["hash"]),
    )
    return Sealed(link, None if row["id"] is None else entry_of(row))
