"""The trail over HTTP: `GET /audit` reads it, `GET /audit/verify` walks its chain.

Both are put on record themselves: who reads the trail belongs in it. They want the role `audit`.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import signals
from app.audit.chain import Position
from app.audit.cursors import cursor_of, key_of
from app.audit.trail import Entry, Outcome, record
from app.audit.verification import Anchor, Verification, verify
from app.database import audit_entries
from app.database.audit_entries import Wanted
from app.database.audit_rows import StoredEntry
from app.database.pool import DatabasePool
from app.errors import BadRequest, Unavailable
from app.http.authentication import actor_of
from app.http.bodies import NO_CONTROLS
from app.http.responses import JsonResponse

logger = structlog.stdlib.get_logger()

_NEWEST: Final = 2**63 - 1
_DEFAULT_PAGE: Final = 100
MOST_PAGE: Final = 1_000
_DEFAULT_LINKS: Final = 20_000
MOST_LINKS: Final = 100_000
LONGEST_FILTER: Final = 1_024
_HASH: Final = re.compile(r"[0-9a-fA-F]{64}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_FIT: Final = re.compile(NO_CONTROLS)
_TRAIL: Final = "audit"
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def routes(pool: DatabasePool) -> list[Route]:
    """Return the routes of the trail; they want an authenticated caller."""
    walking = asyncio.Lock()

    async def read(request: Request) -> Response:
        query = _Query(request, "actor", "object", "action", "since", "until", "cursor", "limit")
        wanted = Wanted(
            query.text("actor"),
            query.text("object"),
            query.text("action"),
            query.time("since"),
            query.time("until"),
        )
        cursor = query.text("cursor")
        before = _NEWEST if cursor is None else key_of(cursor, int)[0]
        limit = query.number("limit", _DEFAULT_PAGE, MOST_PAGE)
        async with pool.transaction() as connection:
            found = await audit_entries.page(connection, wanted, before, limit + 1)
            await record(
                connection,
                Entry(actor_of(request), "audit.read", _TRAIL, Outcome.DONE, query.given),
            )
        shown = found[:limit]
        more = cursor_of(shown[-1][0].id) if len(found) > limit else None
        return JsonResponse({"items": [_shown(*one) for one in shown], "next_cursor": more})

    async def walk(request: Request) -> Response:
        query = _Query(request, "number", "hash", "cursor", "limit")
        limit = query.number("limit", _DEFAULT_LINKS, MOST_LINKS)
        after, anchors = _after(query.text("cursor")), _anchors(query)
        if walking.locked():
            message = "This process is verifying already; one walk at a time."
            raise Unavailable(message, retry_after=5)
        async with walking:
            async with pool.acquire() as connection:
                result = await verify(connection, after=after, at_most=limit, anchors=anchors)
            async with pool.transaction() as connection:
                await record(connection, _verified(actor_of(request), result))
        _tell(result)
        return JsonResponse(_answer(result))

    return [
        Route("/audit", read, methods=["GET"]),
        Route("/audit/verify", walk, methods=["GET"]),
    ]


def _tell(result: Verification) -> None:
    """Log a break; one that rests on what the caller brought may be the caller's mistake."""
    if result.broken is not None and result.broken.is_claimed:
        logger.warning(signals.AUDIT_UNMET.name)
    elif result.broken is not None:
        logger.error(signals.AUDIT_BROKEN.name)


def _shown(entry: StoredEntry, number: int | None) -> dict[str, Any]:
    return {
        "id": entry.id,
        "number": number,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "outcome": entry.outcome,
        "origin": {
            "service": entry.service,
            "instance": entry.instance,
            "client_address": entry.client_address,
        },
        "correlation_id": entry.correlation_id,
        "trace_id": entry.trace_id,
        "details": orjson.Fragment(entry.details),
    }


def _answer(result: Verification) -> dict[str, Any]:
    broken, end = result.broken, result.end
    return {
        "intact": broken is None,
        "complete": result.is_complete,
        "checked": result.checked,
        "after": result.start.number,
        "head": {"number": end.number, "hash": end.hash.hex()},
        "anchors_met": result.anchors_met,
        "broken": broken
        and {
            "number": broken.number,
            "entry_id": broken.entry_id,
            "kind": broken.kind,
            "detail": broken.detail,
            "claimed": broken.is_claimed,
        },
        "next_cursor": (
            None
            if broken is not None or result.is_complete
            else cursor_of(end.number, end.hash.hex(), str(end.xid), end.entry_id)
        ),
    }


def _verified(actor: str, result: Verification) -> Entry:
    broken = result.broken
    details = {"after": result.start.number, "checked": result.checked}
    if broken is None:
        return Entry(actor, "audit.verify", _TRAIL, Outcome.DONE, details)
    found = {"kind": broken.kind.value, "number": broken.number, "claimed": broken.is_claimed}
    return Entry(actor, "audit.verify", _TRAIL, Outcome.FAILED, {**details, **found})


def _after(cursor: str | None) -> Position | None:
    """Return the place that the caller has verified up to: what it holds, not the database."""
    if cursor is None:
        return None
    number, digest, xid, entry_id = key_of(cursor, int, str, str, int)
    if not _HASH.fullmatch(digest) or not _NUMBER.fullmatch(xid):
        message = "This is not a cursor of this listing; send one that a page has answered."
        raise BadRequest(message)
    return Position(number, bytes.fromhex(digest), int(xid), entry_id)


def _anchors(query: "_Query") -> list[Anchor]:
    number, digest = query.text("number"), query.text("hash")
    if number is None and digest is None:
        return []
    if not _NUMBER.fullmatch(number or "") or not _HASH.fullmatch(digest or ""):
        message = "number and hash belong together: those of a head that was exported."
        raise BadRequest(message)
    return [Anchor(int(number or ""), bytes.fromhex(digest or ""))]


def _in_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; the end of the calendar for what is past it there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST if moment.year == _FIRST.year else _LAST


class _Query:
    """The query's parameters, each at most once, none that nobody reads."""

    def __init__(self, request: Request, *known: str) -> None:
        self.given: Mapping[str, str] = dict(request.query_params)
        if len(request.query_params.multi_items()) > len(self.given):
            message = "A query parameter must not be given twice."
            raise BadRequest(message)
        if not self.given.keys() <= set(known):
            message = f"The query parameters here are {', '.join(known)}."
            raise BadRequest(message)

    def text(self, name: str) -> str | None:
        value = self.given.get(name)
        if value is not None and (len(value) > LONGEST_FILTER or not _FIT.fullmatch(value)):
            message = f"{name} must be at most {LONGEST_FILTER} characters, none of them a control."
            raise BadRequest(message)
        return value

    def number(self, name: str, default: int, most: int) -> int:
        value = self.given.get(name, str(default))
        if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= most:
            message = f"{name} must be a number from 1 to {most}."
            raise BadRequest(message)
        return int(value)

    def time(self, name: str) -> datetime | None:
        value = self.given.get(name)
        try:
            moment = None if value is None else datetime.fromisoformat(value)
        except ValueError:
            moment = datetime.min  # noqa: DTZ901  # without a zone, as what is refused below
        if moment is not None and moment.tzinfo is None:
            message = f"{name} must be a time of RFC 3339 with its offset, as 2026-01-31T00:00:00Z."
            raise BadRequest(message)
        return None if moment is None else _in_utc(moment)
