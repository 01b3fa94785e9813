"""By which groups: the shortest way, whatever the groups look like."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from app.authorization.limits import GraphLimits
from app.database.pool import Connection, DatabasePool
from app.reports.access import Access
from app.reports.paths import BEYOND, with_paths

NOW = datetime.now(UTC)


def access(user: str, through: str) -> Access:
    return Access(user, "doc", "read", through, "root", NOW)


async def nest(connection: Connection, *pairs: tuple[str, str]) -> None:
    """Put each first group into the second."""
    await connection.executemany(
        "INSERT INTO group_members (member_group_id, group_id, added_by) VALUES ($1, $2, 'root')",
        pairs,
    )


async def join(connection: Connection, user: str, group: str) -> None:
    await connection.execute(
        "INSERT INTO group_members (user_id, group_id, added_by) VALUES ($1, $2, 'root')",
        *(user, group),
    )


async def paths(pool: DatabasePool, *page: Access) -> list[tuple[str, ...]]:
    async with pool.acquire() as connection:
        return [one.path for one in await with_paths(connection, page)]


async def test_the_shortest_way_of_several_is_told(pool: DatabasePool) -> None:
    async with pool.acquire() as connection:
        await join(connection, "bob", "a")
        await join(connection, "bob", "c")
        await join(connection, "eve", "b")
        await nest(connection, ("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"))
    found = await paths(
        pool,
        *(access("bob", ""), access("bob", "b"), access("bob", "c"), access("bob", "d")),
        *(access("eve", "b"), access("eve", "d")),
    )
    assert found == [(), ("a", "b"), ("c",), ("c", "d"), ("b",), ("b", "c", "d")]


async def test_a_lattice_has_more_ways_than_are_looked_at(pool: DatabasePool) -> None:
    """Two groups a level, each in both of the next: 2 to the 12th ways to the top."""
    async with pool.acquire() as connection:
        await join(connection, "bob", "a0")
        await nest(
            connection,
            *(
                (f"{one}{n}", f"{other}{n + 1}")
                for n in range(12)
                for one in "ab"
                for other in "ab"
            ),
        )
    [path] = await paths(pool, access("bob", "b12"))
    assert len(path) == 13
    assert (path[0], path[-1]) == ("a0", "b12")


@pytest.mark.parametrize("further", [0, 1, 5])
async def test_what_no_check_would_follow_is_marked(pool: DatabasePool, further: int) -> None:
    most = GraphLimits().depth
    chain = [f"g{number}" for number in range(most + further)]
    async with pool.acquire() as connection:
        await join(connection, "bob", chain[0])
        await nest(connection, *pairwise(chain))
        await join(connection, "eve", chain[5])  # whose ways are read with those of bob
    path, other = await paths(pool, access("bob", chain[-1]), access("eve", chain[-1]))
    assert other == tuple(chain[5:])
    assert path == ((BEYOND, chain[-1]) if further else tuple(chain))


async def test_a_page_without_groups_asks_for_nothing(pool: DatabasePool) -> None:
    page = [access("bob", "")]
    async with pool.acquire() as connection:
        assert await with_paths(connection, page) is page
