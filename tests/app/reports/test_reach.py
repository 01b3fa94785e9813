"""What a grant holds for beside what it names stands beside it in the report."""

from collections.abc import Sequence
from datetime import UTC, datetime

from app.authorization.limits import GraphLimits
from app.database.pool import DatabasePool
from app.reports.access import Access
from app.reports.listing import Listing
from app.reports.paths import BEYOND
from app.reports.reach import MOST_NAMED, with_reach

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def reach(
    pool: DatabasePool, *grants: tuple[str, str]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The actions and the resources that grants of an action on a resource hold for too."""
    page = [Access("bob", resource, action, "", "root", NOON) for action, resource in grants]
    async with pool.acquire() as connection:
        found = await with_reach(connection, page)
    return [(access.implied, access.beneath) for access in found]


async def put_under(pool: DatabasePool, pairs: Sequence[tuple[str, str]]) -> None:
    async with pool.acquire() as connection:
        await connection.executemany("INSERT INTO resource_parents VALUES ($1, $2, 'root')", pairs)


async def imply(pool: DatabasePool, pairs: Sequence[tuple[str, str]]) -> None:
    async with pool.acquire() as connection:
        await connection.executemany(
            "INSERT INTO action_implications VALUES ($1, $2, 'root')", pairs
        )


async def test_what_is_beneath_and_what_is_implied_is_named_however_deep(
    pool: DatabasePool,
) -> None:
    await put_under(pool, [("page", "folder"), ("line", "page"), ("folder", "site")])
    await imply(pool, [("read", "write"), ("list", "read"), ("write", "own")])
    assert await reach(pool, ("write", "folder"), ("list", "line"), ("own", "site")) == [
        (("list", "read"), ("line", "page")),
        ((), ()),
        (("list", "read", "write"), ("folder", "line", "page")),
    ]


async def test_circles_and_lattices_end_and_name_each_once(pool: DatabasePool) -> None:
    await put_under(pool, [("a", "b"), ("b", "a")])
    steps = [
        (f"{level}{side}", f"{level - 1}{above}")
        for level in range(1, 4)
        for side in "lr"
        for above in "lr"
    ]
    await put_under(pool, steps)
    assert await reach(pool, ("read", "a"), ("read", "0l")) == [
        ((), ("b",)),
        ((), ("1l", "1r", "2l", "2r", "3l", "3r")),
    ]


async def test_of_many_some_are_named(pool: DatabasePool) -> None:
    await put_under(pool, [(f"doc:{number:05}", "site") for number in range(5_000)])
    await put_under(pool, [(f"page:{number}", "folder") for number in range(MOST_NAMED + 1)])
    (_, site), (_, folder) = await reach(pool, ("read", "site"), ("read", "folder"))
    for named, kind in ((site, "doc:"), (folder, "page:")):
        assert len(named) == MOST_NAMED + 1
        assert named[-1] == BEYOND
        assert all(name.startswith(kind) for name in named[:-1])


async def test_what_no_check_would_reach_is_not_named(pool: DatabasePool) -> None:
    depth = GraphLimits().depth
    await put_under(pool, [(f"{number + 1}", f"{number}") for number in range(depth + 3)])
    ((_, beneath),) = await reach(pool, ("read", str(2)))
    assert beneath[-1] == BEYOND
    ((_, near),) = await reach(pool, ("read", str(depth)))
    assert near == tuple(str(number) for number in range(depth + 1, depth + 4))


def test_the_mail_says_it_beside_the_grant() -> None:
    listing = Listing(NOON, None, 1)
    listing.add(
        Access("bob", "folder", "write", "", "root", NOON, implied=("read",), beneath=("page", "x"))
    )
    assert (
        "bob: write on folder (granted by root, 2026-11-23); also allows read; also on page, x\n"
        in listing.text()
    )
    assert "<td>read</td><td>page, x</td></tr>" in listing.html()
