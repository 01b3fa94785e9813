"""The chain itself: which bytes are hashed, and the hash of each link.

    digest = SHA-256(canonical JSON of the entry, without its ID)
    hash   = SHA-256(canonical JSON of {digest, entry, number, previous, xid})

`previous` is the hash of the link before, 64 zeros for the first; hashes in JSON are lower-case
hexadecimal. `docs/audit.md` has an example to check another implementation with.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from app.audit.canonical import canonical
from app.database.audit_rows import LinkRow, StoredEntry

GENESIS: Final = bytes(32)
"""What the first link of all has before it."""

_LONGEST_INTEGER: Final = 17


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the chain: the link's number and hash, and the order of its entry."""

    number: int
    hash: bytes
    xid: int
    entry_id: int

    @classmethod
    def of(cls, link: LinkRow) -> "Position":
        """Return the place of a link on record."""
        return cls(link.number, link.hash, link.xid, link.entry_id)


START: Final = Position(0, GENESIS, 0, 0)
"""Before the first link."""


def digest_of(entry: StoredEntry) -> bytes:
    """Return the digest of what the entry says; empty where it says what no entry can."""
    try:
        details = json.loads(entry.details, parse_int=_integer, parse_float=_no_integer)
        said = {
            "action": entry.action,
            "actor": entry.actor,
            "at": entry.at,
            "client_address": entry.client_address,
            "correlation_id": entry.correlation_id,
            "details": details,
            "instance": entry.instance,
            "object": entry.object,
            "outcome": entry.outcome,
            "service": entry.service,
            "trace_id": entry.trace_id,
            "xid": str(entry.xid),
        }
        return hashlib.sha256(canonical(said)).digest()
    except (ValueError, RecursionError):
        return b""


def link_hash(number: int, entry_id: int, xid: int, digest: bytes, previous: bytes) -> bytes:
    """Return the hash of a link."""
    return hashlib.sha256(
        canonical(
            {
                "digest": digest.hex(),
                "entry": entry_id,
                "number": number,
                "previous": previous.hex(),
                "xid": str(xid),
            }
        )
    ).digest()


def linked(before: Position, entry: StoredEntry) -> LinkRow:
    """Return the link that seals the entry after `before`."""
    number, digest = before.number + 1, digest_of(entry)
    sealed = link_hash(number, entry.id, entry.xid, digest, before.hash)
    return LinkRow(number, entry.id, entry.xid, digest, before.hash, sealed)


def is_genuine(link: LinkRow, number: int) -> bool:
    """Tell whether the link's hash is that of its own fields under this number."""
    return link.hash == link_hash(number, link.entry_id, link.xid, link.digest, link.previous)


def _integer(text: str) -> Any:  # noqa: ANN401  # any JSON value
    return int(text) if len(text) <= _LONGEST_INTEGER else _no_integer(text)


def _no_integer(text: str) -> dict[str, str]:
    """Stand for a number that was never recorded: it was put there, and must not be readable."""
    return {"number": text}
