"""Walking the chain: every entry is there, as recorded, in order, and no other.

One repeatable-read snapshot, a page of links at a time: memory does not grow with the chain, and
sealing goes on meanwhile. The first break is handed to `app.audit.diagnosis`.

What the chain alone cannot show: that its end was cut off, entry and link alike, or that all of it
was written anew. Anchors show that (`app.audit.anchors`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.audit.chain import Position, digest_of, is_genuine
from app.audit.diagnosis import Break, Kind, diagnose
from app.audit.sealer import beginning_of_chain
from app.database import audit_check
from app.database.audit_rows import Sealed
from app.database.pool import Connection

_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is known from outside: the link of this number had this hash."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk found: `checked` links from after `start` to `end`; `broken` is the first break.

    `is_complete` says that the walk came to the end of the chain, not only to its limit.
    """

    start: Position
    end: Position
    checked: int
    is_complete: bool
    broken: Break | None = None
    anchors_met: int = 0


async def verify(
    connection: Connection,
    *,
    after: Position | None = None,
    at_most: int | None = None,
    anchors: Sequence[Anchor] = (),
) -> Verification:
    """Walk the chain from `after` (by default its beginning) over `at_most` links.

    `connection` has no transaction open. Raises what the driver raises.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        walk = _Walk(connection, anchors)
        return await walk.run(after, at_most)


class _Walk:
    def __init__(self, connection: Connection, anchors: Sequence[Anchor]) -> None:
        self._connection = connection
        self._anchors = {anchor.number: anchor.hash for anchor in anchors}
        self._met = 0

    async def run(self, after: Position | None, at_most: int | None) -> Verification:
        beginning = await beginning_of_chain(self._connection)
        start = after if after is not None and after.number >= beginning.number else beginning
        self._forget_anchors_before(start)
        result = Verification(start, start, 0, is_complete=False)
        if start is beginning and (leftover := await self._leftover(start)):
            return replace(result, broken=leftover)
        broken = await self._broken_claim(start, beginning) or self._broken_anchor(start)
        while broken is None:
            page = _PAGE if at_most is None else min(_PAGE, at_most - result.checked)
            if page <= 0:
                break
            links = await audit_check.links_after(self._connection, result.end.number, page)
            end, broken = await self._check(links, result.end)
            checked = result.checked + end.number - result.end.number
            result = replace(result, end=end, checked=checked)
            if broken is None and len(links) < page:
                broken = self._cut_off()
                result = replace(result, is_complete=broken is None)
                break
        return replace(result, broken=broken, anchors_met=self._met)

    async def _check(
        self, links: Sequence[Sealed], start: Position
    ) -> tuple[Position, Break | None]:
        """Return how far the page holds, and its first break."""
        place, broken = start, None
        for sealed in links:
            if not _follows(sealed, place):
                broken = await diagnose(self._connection, sealed, place)
                break
            place = Position.of(sealed.link)
            if broken := self._broken_anchor(place):
                break
        inserted = await self._inserted(start, place)
        return place, inserted or broken

    async def _inserted(self, after: Position, to: Position) -> Break | None:
        """Look for an entry among the sealed ones that was never sealed."""
        found = await audit_check.unlinked(
            self._connection, (after.xid, after.entry_id), (to.xid, to.entry_id)
        )
        if found is None:
            return None
        entry_id, number = found
        return Break(number, entry_id, Kind.INSERTED, "it stands among sealed entries, unsealed")

    async def _leftover(self, beginning: Position) -> Break | None:
        """Look for what stands before the beginning, where retention has left nothing."""
        found = await audit_check.first_before(
            self._connection, beginning.number, (beginning.xid, beginning.entry_id)
        )
        if found is None:
            return None
        return Break(None, found, Kind.INSERTED, "it stands before the chain's checkpoint")

    async def _broken_claim(self, start: Position, beginning: Position) -> Break | None:
        """Hold the chain to the place that an earlier walk is said to have come to."""
        known: Position | None = beginning
        if start.number != beginning.number:
            link = await audit_check.link_at(self._connection, start.number)
            known = None if link is None else Position.of(link)
        if known is None:
            detail = "the chain ends before the place that was walked to: its end was removed"
            return Break(start.number, None, Kind.DELETED, detail, is_claimed=True)
        if known != start:
            detail = "the chain up to here is not the one that was walked: it was written anew"
            return Break(
                start.number, known.entry_id or None, Kind.REWRITTEN, detail, is_claimed=True
            )
        return None

    def _forget_anchors_before(self, start: Position) -> None:
        """Leave out what was cut, or checked by an earlier walk."""
        self._anchors = {
            number: known for number, known in self._anchors.items() if number >= start.number
        }

    def _broken_anchor(self, place: Position) -> Break | None:
        known = self._anchors.pop(place.number, None)
        if known is None:
            return None
        if known == place.hash:
            self._met += 1
            return None
        detail = "the chain up to here is not the one that was exported: it was written anew"
        return Break(place.number, place.entry_id or None, Kind.REWRITTEN, detail, is_claimed=True)

    def _cut_off(self) -> Break | None:
        if not self._anchors:
            return None
        detail = "the chain ends before an exported head: its end was removed"
        return Break(min(self._anchors), None, Kind.DELETED, detail, is_claimed=True)


def _follows(sealed: Sealed, place: Position) -> bool:
    link = sealed.link
    return (
        link.number == place.number + 1
        and link.previous == place.hash
        and is_genuine(link, link.number)
        and sealed.entry is not None
        and digest_of(sealed.entry) == link.digest
    )
