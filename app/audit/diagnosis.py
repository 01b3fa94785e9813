"""What is wrong where the chain breaks: edited, deleted, reordered, inserted or written anew.

Only run on a break, so it may look through the whole chain. It names what one change of the
tables would explain; several at once are found, and named by the first.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.audit.chain import Position, digest_of, is_genuine
from app.database import audit_check
from app.database.audit_rows import LinkRow, Sealed
from app.database.pool import Connection

_SEARCHED: Final = 100_000
"""How far from where it stands a link's true number is looked for, each way."""


class Kind(StrEnum):
    """What was done to the trail."""

    EDITED = "edited"
    DELETED = "deleted"
    REORDERED = "reordered"
    INSERTED = "inserted"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry that is wrong: its number in the chain, its ID where known, and what.

    `is_claimed`: the chain is sound in itself, and only not the one that the caller says it knows.
    """

    number: int | None
    entry_id: int | None
    kind: Kind
    detail: str
    is_claimed: bool = False


async def diagnose(connection: Connection, found: Sealed, place: Position) -> Break:
    """Say what is wrong where `found` stands after `place`, which is known to be right."""
    link, number = found.link, place.number + 1
    if link.number != number:
        return await _gap(connection, number, place)
    if not is_genuine(link, number):
        return await _foreign_link(connection, found, place)
    if link.previous != place.hash:
        detail = "it was changed together with its link: the next one was sealed after another"
        return Break(place.number, place.entry_id or None, Kind.EDITED, detail)
    if found.entry is None:
        return Break(number, link.entry_id, Kind.DELETED, "the entry is gone")
    if await _is_moved(connection, found):
        return _moved(found)
    return Break(number, link.entry_id, Kind.EDITED, "the entry is not what was sealed")


async def _gap(connection: Connection, number: int, place: Position) -> Break:
    successor = await audit_check.link_after_hash(connection, place.hash, number)
    if successor is not None:
        detail = f"its link stands at {successor.number}"
        return Break(number, successor.entry_id, Kind.REORDERED, detail)
    entry_id = await audit_check.first_unlinked_after(connection, (place.xid, place.entry_id))
    return Break(number, entry_id, Kind.DELETED, "its link is gone")


async def _foreign_link(connection: Connection, found: Sealed, place: Position) -> Break:
    """Judge a link that was not sealed under the number it has."""
    link, number = found.link, place.number + 1
    if await _is_moved(connection, found):
        return _moved(found)
    sealed_as = await asyncio.to_thread(_true_number, link)
    successor = await audit_check.link_after_hash(connection, place.hash, number)
    if sealed_as is not None and sealed_as < number:
        pushed_in = await audit_check.link_at(connection, sealed_as)
        entry_id = None if pushed_in is None else pushed_in.entry_id
        return Break(sealed_as, entry_id, Kind.INSERTED, "it pushed the later ones on")
    if sealed_as is not None:
        if successor is not None:
            detail = f"it was sealed as {sealed_as}; what belongs here stands at {successor.number}"
            return Break(number, link.entry_id, Kind.REORDERED, detail)
        return Break(number, None, Kind.DELETED, "its link is gone, and later ones were moved up")
    if successor is not None and is_genuine(successor, number):
        detail = f"what was sealed here stands at {successor.number}"
        return Break(number, link.entry_id, Kind.INSERTED, detail)
    return Break(number, link.entry_id, Kind.EDITED, "its link is not what was sealed")


def _moved(found: Sealed) -> Break:
    link = found.link
    detail = "another sealed entry stands in its place"
    return Break(link.number, link.entry_id, Kind.REORDERED, detail)


async def _is_moved(connection: Connection, found: Sealed) -> bool:
    """Tell whether the entry found is another's that does not stand in its own place any more."""
    if found.entry is None:
        return False
    content = digest_of(found.entry)
    home = await audit_check.sealed_with_digest(connection, content, found.link.number)
    return home is not None and (home.entry is None or digest_of(home.entry) != content)


def _true_number(link: LinkRow) -> int | None:
    """Return the number under which the link's hash is right, nearest first."""
    for distance in range(1, _SEARCHED):
        for number in (link.number - distance, link.number + distance):
            if number > 0 and is_genuine(link, number):
                return number
    return None
