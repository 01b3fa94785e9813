"""The SQL that chains the audit entries on record, and that cuts the chain's beginning off.

`app.audit.sealer` and `app.audit.retention` run it; whoever writes holds the chain's one lock.
"""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

from app.database.audit_rows import ENTRY, LINK, LinkRow, StoredEntry, entry_of, link_of
from app.database.pool import Connection

_SEALER_LOCK: Final = 0x5167_0006
"""The advisory lock's number: this service's, for the sealer."""
_SEALABLE = f"""
    SELECT {ENTRY}, EXTRACT(epoch FROM clock_timestamp() - e.at)::float8 AS age
    FROM audit_entries e
    WHERE (e.xid, e.id) > ($1::text::xid8, $2)
      AND e.xid < audit_xid(pg_snapshot_xmin(pg_current_snapshot()))
    ORDER BY e.xid, e.id LIMIT $3
"""  # noqa: S608  # our own columns
_OLDEST_UNSEALED = """
    SELECT EXTRACT(epoch FROM clock_timestamp() - at)::float8 FROM audit_entries
    WHERE (xid, id) > ($1::text::xid8, $2) ORDER BY xid, id LIMIT 1
"""
_INSERT_LINKS = """
    INSERT INTO audit_chain (number, entry_id, xid, digest, previous, hash)
    SELECT number, entry_id, xid::xid8, digest, previous, hash
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
         AS given (number, entry_id, xid, digest, previous, hash)
"""
_LAST_LINK = f"SELECT {LINK} FROM audit_chain c ORDER BY c.number DESC LIMIT 1"  # noqa: S608  # our own columns
_LAST_CHECKPOINT = """
    SELECT number, hash, xid::text, id FROM audit_checkpoints ORDER BY number DESC LIMIT 1
"""


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
    return [entry_of(row) for row in rows]


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
    return None if row is None else link_of(row)


async def last_checkpoint(connection: Connection) -> tuple[int, bytes, int, int] | None:
    """Return the last cut: the number and hash of the last link cut, its xid and entry's ID."""
    row = await connection.fetchrow(_LAST_CHECKPOINT)
    return None if row is None else (row["number"], row["hash"], int(row["xid"]), row["id"])


async def cut(connection: Connection, older_than_days: int, at_most: int) -> int:
    """Cut sealed entries of over that many days, oldest first, and return how many."""
    cut_entries: int = await connection.fetchval(
        "SELECT audit_cut($1, $2)", older_than_days, at_most
    )
    return cut_entries
