"""Checks and listings read by index, so that a check costs the same however many grants there are.

The plans are PostgreSQL's own, over enough rows that reading a whole table would be the slower way.
"""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest

from app.authorization.limits import GraphLimits
from app.database import relations_check, relations_pages
from app.database.relations_pages import Listing

TABLES = {"grants", "group_members", "resource_parents"}
LIMITS = GraphLimits()
BOUNDS = (LIMITS.depth, LIMITS.groups, LIMITS.ancestors, LIMITS.actions)
FILL = """
    INSERT INTO grants (user_id, resource, action, granted_by)
        SELECT 'user-' || n % 1000, 'page-' || n, 'read', 'tests' FROM generate_series(1, 20000) n;
    INSERT INTO grants (user_id, resource, action, granted_by)
        SELECT 'user-' || n, 'site', 'read', 'tests' FROM generate_series(1, 20000) n;
    INSERT INTO grants (group_id, resource, action, granted_by)
        SELECT 'group-' || n % 500, 'page-' || n, 'write', 'tests' FROM generate_series(1, 20000) n;
    INSERT INTO group_members (user_id, group_id, added_by)
        SELECT 'user-' || n, 'group-' || n % 500, 'tests' FROM generate_series(1, 20000) n;
    INSERT INTO group_members (member_group_id, group_id, added_by)
        SELECT 'group-' || n, 'group-' || n / 2, 'tests' FROM generate_series(1, 20000) n;
    INSERT INTO resource_parents (resource, parent, added_by)
        SELECT 'page-' || n, 'page-' || n / 2, 'tests' FROM generate_series(1, 20000) n;
    INSERT INTO action_implications VALUES ('read', 'write', 'tests');
"""


@pytest.fixture(params=["just filled", "known"])
async def connection(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Any]:
    """A database with and without statistics: after a bulk load there are none for a while."""
    opened = await asyncpg.connect(database_url)
    await opened.execute("ALTER TABLE grants SET (autovacuum_enabled = off)")
    await opened.execute("ALTER TABLE group_members SET (autovacuum_enabled = off)")
    await opened.execute("ALTER TABLE resource_parents SET (autovacuum_enabled = off)")
    await opened.execute(FILL)
    if request.param == "known":
        await opened.execute("ANALYZE")
    yield opened
    await opened.close()


async def plan_of(connection: Any, statement: str, *arguments: object) -> list[dict[str, Any]]:  # noqa: ANN401  # asyncpg's
    """Every node of the plan, as it ran: for these values, and as it is for any."""
    nodes: list[dict[str, Any]] = []
    for mode in ("force_custom_plan", "force_generic_plan"):
        await connection.execute(f"SET plan_cache_mode = {mode}")
        found = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *arguments)
        waiting = [orjson.loads(found)[0]["Plan"]]
        while waiting:
            node = waiting.pop()
            nodes.append(node)
            waiting += node.get("Plans", [])
    return nodes


def scanned(nodes: list[dict[str, Any]]) -> set[str]:
    return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} & TABLES


def rows_read(nodes: list[dict[str, Any]]) -> float:
    return max(
        float((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes
        if node.get("Relation Name") in TABLES
    )


ASKED = {
    "a grant of the user's own": ("user-7", "page-7", "read"),
    "a grant that is inherited": ("user-1023", "page-46", "read"),
    "none": ("user-1023", "page-19999", "own"),
    "none, under what thousands have": ("user-99999", "site", "write"),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_a_check_reads_no_table_whole(
    asked: tuple[str, str, str],
    connection: Any,  # noqa: ANN401  # asyncpg's
) -> None:
    nodes = await plan_of(connection, relations_check.DECIDE, *asked, *BOUNDS)
    assert not scanned(nodes)
    assert rows_read(nodes) < 100


async def test_a_walk_is_planned_for_few_rows_whatever_is_known_of_the_tables(
    connection: Any,  # noqa: ANN401  # asyncpg's
) -> None:
    """PostgreSQL makes room for as many as it expects, at each check, before it has found one."""
    nodes = await plan_of(connection, relations_check.DECIDE, *ASKED["none"], *BOUNDS)
    expected = [node["Plan Rows"] for node in nodes if node["Node Type"] == "Recursive Union"]
    assert len(expected) == 2 * 3
    assert max(expected) < 10_000


async def test_a_batch_reads_no_table_whole(connection: Any) -> None:  # noqa: ANN401  # asyncpg's
    columns = [list(column) for column in zip(*ASKED.values(), strict=True)]
    nodes = await plan_of(connection, relations_check.DECIDE_MANY, *columns, *BOUNDS)
    assert not scanned(nodes)
    assert rows_read(nodes) < 100 * len(ASKED)


LISTINGS: dict[str, tuple[Listing, str, tuple[Any, ...]]] = {
    "a user's grants": (relations_pages.GRANTS_OF_USER, "user-7", ("page-10", "")),
    "a group's grants": (relations_pages.GRANTS_OF_GROUP, "group-7", ("page-10", "")),
    "a resource's grants": (
        relations_pages.GRANTS_OF_RESOURCE,
        "site",
        ("read", False, "user-5000"),
    ),
    "members": (relations_pages.MEMBERS, "group-7", (False, "user-5000")),
    "groups": (relations_pages.GROUPS_OF_USER, "user-7", ("",)),
    "parents": (relations_pages.PARENTS, "page-7", ("",)),
    "children": (relations_pages.CHILDREN, "page-7", ("",)),
}


@pytest.mark.parametrize("listed", LISTINGS.values(), ids=LISTINGS)
async def test_a_page_reads_its_own_rows_and_sorts_none(
    listed: tuple[Listing, str, tuple[Any, ...]],
    connection: Any,  # noqa: ANN401  # asyncpg's
) -> None:
    listing, of, after = listed
    nodes = await plan_of(connection, listing.statement, of, 10, *after)
    assert not scanned(nodes)
    assert "Sort" not in {node["Node Type"] for node in nodes}
    assert rows_read(nodes) <= 10
