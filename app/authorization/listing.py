"""Grants and relations, a page at a time, in the order of their indexes."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.database import relations_pages
from app.database.pool import DatabasePool
from app.database.relations_pages import Listing
from app.errors import BadRequest

MOST_ROWS: Final = 500
_LONGEST_CURSOR: Final = 8_192


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of the next page; None after the last."""

    rows: tuple[dict[str, Any], ...]
    next_cursor: str | None


class GraphListing:
    """Reads grants and relations. `Unavailable` where the database is away."""

    def __init__(self, pool: DatabasePool) -> None:
        self._pool = pool

    async def page(self, listing: Listing, of: str, cursor: str | None, limit: int) -> Page:
        """Return at most `limit` rows of what is listed, those after the cursor.

        Rows that come or go in between shift nothing: a page begins after a key, not at a number.
        Raises `BadRequest` for a cursor that no page of this listing had.
        """
        after = listing.first if cursor is None else _key_of(listing, cursor)
        async with self._pool.acquire() as connection:
            rows = await relations_pages.read(connection, listing, of, after, limit + 1)
        shown = tuple(listing.shown(row) for row in rows[:limit])
        if len(rows) <= limit:
            return Page(shown, None)
        last = rows[limit - 1]
        return Page(shown, _cursor_of(listing, [last[name] for name in listing.key]))


def _cursor_of(listing: Listing, key: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([listing.name, *key])).rstrip(b"=").decode()


def _key_of(listing: Listing, cursor: str) -> tuple[Any, ...]:
    try:
        if len(cursor) > _LONGEST_CURSOR:
            raise _wrong_cursor()
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, *key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise _wrong_cursor() from None
    kinds = [type(value) for value in listing.first]
    if (
        name != listing.name
        or [type(value) for value in key] != kinds
        or not all(map(_is_fit, key))
    ):
        raise _wrong_cursor()
    return tuple(key)


def _is_fit(value: object) -> bool:
    """Tell whether PostgreSQL can take it: its text has no NUL."""
    return not isinstance(value, str) or "\0" not in value


def _wrong_cursor() -> BadRequest:
    return BadRequest("This is not a cursor of this listing; send one that a page has answered.")
