"""The SQL that a verification of the audit trail asks; it writes nothing.

`app.audit.verification` walks the links, and where they do not fit, `app.audit.diagnosis` asks what
was done.
"""

from typing import Final

from app.database.audit_rows import ENTRY, LINK, LinkRow, Sealed, link_of, sealed_of
from app.database.pool import Connection

_SEALED: Final = f"""
    SELECT {LINK.replace("AS xid", "AS link_xid")}, {ENTRY}
    FROM audit_chain c LEFT JOIN audit_entries e ON e.id = c.entry_id
"""  # noqa: S608  # our own columns
_LINKS_AFTER = f"{_SEALED} WHERE c.number > $1 ORDER BY c.number LIMIT $2"
_SEALED_WITH_DIGEST = f"{_SEALED} WHERE c.digest = $1 AND c.number <> $2 LIMIT 1"
_LINK_AT = f"SELECT {LINK} FROM audit_chain c WHERE c.number = $1"  # noqa: S608  # our own columns
_LINK_AFTER_HASH = f"""
    SELECT {LINK} FROM audit_chain c WHERE c.previous = $1 AND c.number <> $2
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


async def links_after(connection: Connection, number: int, at_most: int) -> list[Sealed]:
    """Return the links after that number, in order, each with its entry."""
    return [sealed_of(row) for row in await connection.fetch(_LINKS_AFTER, number, at_most)]


async def sealed_with_digest(connection: Connection, digest: bytes, but: int) -> Sealed | None:
    """Return a link of that digest under another number, with its entry. Reads all links."""
    row = await connection.fetchrow(_SEALED_WITH_DIGEST, digest, but)
    return None if row is None else sealed_of(row)


async def link_at(connection: Connection, number: int) -> LinkRow | None:
    """Return the link of that number."""
    row = await connection.fetchrow(_LINK_AT, number)
    return None if row is None else link_of(row)


async def link_after_hash(connection: Connection, previous: bytes, but: int) -> LinkRow | None:
    """Return the first link sealed after that hash under another number. Reads all links."""
    row = await connection.fetchrow(_LINK_AFTER_HASH, previous, but)
    return None if row is None else link_of(row)


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
