"""The query of a listing: of what, from which cursor on, and how many."""

from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.authorization.listing import MOST_ROWS, GraphListing
from app.database.relations_pages import Listing
from app.errors import InvalidFields
from app.http.bodies import Identifier
from app.http.responses import JsonResponse

_DEFAULT_ROWS: Final = 100
_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


def listed(request: Request, listings: Mapping[str, Listing]) -> tuple[str, str]:
    """Return the parameter that says what is listed, and its value.

    Raises `InvalidFields` unless it is exactly one of those that `listings` knows.
    """
    given = [name for name in listings if name in request.query_params]
    if len(given) != 1:
        message = f"Exactly one is required: {', '.join(listings)}"
        raise InvalidFields([{"field": name, "message": message} for name in given or listings])
    name = given[0]
    try:
        return name, _IDENTIFIER.validate_python(request.query_params[name])
    except ValidationError as error:
        raise InvalidFields([{"field": name, "message": error.errors()[0]["msg"]}]) from None


async def page_of(graph: GraphListing, request: Request, listing: Listing, of: str) -> Response:
    """Answer `{"items", "next_cursor"}`; the cursor is null after the last page."""
    cursor = request.query_params.get("cursor")
    page = await graph.page(listing, of, cursor, _limit(request))
    return JsonResponse({"items": page.rows, "next_cursor": page.next_cursor})


def _limit(request: Request) -> int:
    sent = request.query_params.get("limit", str(_DEFAULT_ROWS))
    limit = int(sent) if sent.isascii() and sent.isdecimal() and len(sent) <= len("500") else 0
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidFields([{"field": "limit", "message": f"From 1 to {MOST_ROWS}"}])
    return limit
