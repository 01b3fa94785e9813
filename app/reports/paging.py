"""Keyset pages, newest first: an opaque cursor is the place of the last row shown."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self
from uuid import UUID

from starlette.requests import Request

from app.errors import BadRequest, InvalidFields

MOST_ROWS: Final = 500
_DEFAULT_ROWS: Final = 100
_MAX_CURSOR: Final = 128


@dataclass(frozen=True, slots=True)
class Place:
    """Between two rows of a list that is ordered by time and ID, both descending."""

    created_at: datetime
    id: UUID

    @classmethod
    def of_cursor(cls, cursor: str) -> Self:
        """Return the place that a cursor stands for; raise `BadRequest` for another text."""
        try:
            raw = urlsafe_b64decode(cursor[:_MAX_CURSOR].encode()).decode("ascii")
            time, _, key = raw.partition(" ")
            return cls(datetime.fromisoformat(f"{time}+00:00"), UUID(key))
        except (ValueError, binascii.Error):
            message = "This is not a cursor of this listing; send one that a page has answered."
            raise BadRequest(message) from None

    @property
    def cursor(self) -> str:
        """The place as an opaque text."""
        created_at = self.created_at.astimezone(UTC).replace(tzinfo=None)
        raw = f"{created_at.isoformat()} {self.id}"
        return urlsafe_b64encode(raw.encode()).decode()


START: Final = Place(datetime.max.replace(tzinfo=UTC), UUID(int=(1 << 128) - 1))


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which rows a request asks for."""

    after: Place
    limit: int

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read `cursor` and `limit`; raise `InvalidFields` or `BadRequest` where unfit."""
        sent = request.query_params.get("limit", str(_DEFAULT_ROWS))
        limit = int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < len("1000") else 0
        if not 1 <= limit <= MOST_ROWS:
            raise InvalidFields([{"field": "limit", "message": f"From 1 to {MOST_ROWS}"}])
        cursor = request.query_params.get("cursor")
        return cls(START if cursor is None else Place.of_cursor(cursor), limit)
