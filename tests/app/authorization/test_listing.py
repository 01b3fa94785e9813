"""Pages of grants and relations: whole, in order, each once, whatever changes in between."""

import base64
from typing import Any

import pytest

from app.authorization.listing import GraphListing
from app.database import relations_pages
from app.database.pool import DatabasePool
from app.database.relations_pages import Listing
from app.errors import BadRequest
from tests.app.authorization.graph_model import Graph

NAMES = ["A", "a", "b/c", "\u00e9", "\u03bb", "\U0001f511", "zz z"]
EVERYTHING = Graph(
    user_grants=frozenset(("a", name, action) for name in NAMES for action in ("read", "write"))
    | frozenset((name, "a", "read") for name in NAMES),
    group_grants=frozenset((name, "a", "read") for name in NAMES)
    | frozenset(("a", name, "read") for name in NAMES),
    memberships=frozenset(("a", name) for name in NAMES) | frozenset((name, "a") for name in NAMES),
    nested=frozenset(("a", name) for name in NAMES[2:])
    | frozenset((name, "a") for name in NAMES[:1]),
    parents=frozenset(("a", name) for name in NAMES[2:])
    | frozenset((name, "a") for name in NAMES[:1]),
    implied=frozenset(("a", name) for name in NAMES[2:]),
)
LISTINGS = {
    relations_pages.GRANTS_OF_USER: 14,
    relations_pages.GRANTS_OF_GROUP: 7,
    relations_pages.GRANTS_OF_RESOURCE: 15,
    relations_pages.MEMBERS: 8,
    relations_pages.GROUPS_OF_USER: 7,
    relations_pages.GROUPS_OF_GROUP: 5,
    relations_pages.PARENTS: 5,
    relations_pages.CHILDREN: 1,
    relations_pages.IMPLYING: 5,
}


@pytest.fixture
async def listing(pool: DatabasePool) -> GraphListing:
    await EVERYTHING.store(pool)
    return GraphListing(pool)


async def whole(listing: GraphListing, kind: Listing, limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await listing.page(kind, "a", cursor, limit)
        assert len(page.rows) <= limit
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


@pytest.mark.parametrize("kind", LISTINGS, ids=lambda kind: str(kind.name))
async def test_pages_of_any_size_make_the_same_list(listing: GraphListing, kind: Listing) -> None:
    expected = await whole(listing, kind, 100)
    assert len(expected) == LISTINGS[kind]
    for limit in (1, 2, 5, 7):
        assert await whole(listing, kind, limit) == expected
    assert (await listing.page(kind, "nobody", None, 10)).rows == ()


async def test_what_goes_in_between_moves_nothing(
    listing: GraphListing, pool: DatabasePool
) -> None:
    kind = relations_pages.GROUPS_OF_USER
    expected = await whole(listing, kind, 100)
    first = await listing.page(kind, "a", None, 3)
    async with pool.acquire() as connection:
        await connection.execute("DELETE FROM group_members WHERE group_id = $1", NAMES[0])
    rest = await listing.page(kind, "a", first.next_cursor, 100)
    assert [*first.rows, *rest.rows] == expected


def sealed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "\u0101",
        "A" * 10_000,
        sealed("no JSON"),
        sealed("7"),
        sealed("[" * 5_000),
        sealed('["members"]'),
        sealed('["members",false]'),
        sealed('["members",0,"x"]'),
        sealed('["members",false,null]'),
        sealed('["members",false,"x","y"]'),
        sealed('["members",false,"\\u0000"]'),
        sealed('["members",false,"\\ud800"]'),
        sealed('["groups-of-user","x"]'),
    ],
)
async def test_what_is_no_cursor_of_the_listing_is_refused(
    cursor: str, listing: GraphListing
) -> None:
    with pytest.raises(BadRequest):
        await listing.page(relations_pages.MEMBERS, "a", cursor, 10)
