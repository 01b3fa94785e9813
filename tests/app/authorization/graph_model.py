"""The graph of grants in plain Python, as slow and as simple as can be: what the SQL must equal."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.authorization.explanation import Path, Via
from app.authorization.limits import GraphLimits
from app.authorization.model import AccessQuery
from app.database.pool import DatabasePool

Edge = tuple[str, str]
"""What inherits, and what from."""
Triple = tuple[str, str, str]

TABLES = "grants, group_members, resource_parents, action_implications"


@dataclass(frozen=True)
class Graph:
    """Grants of users and groups (holder, resource, action), and what they are inherited by."""

    user_grants: frozenset[Triple] = frozenset()
    group_grants: frozenset[Triple] = frozenset()
    memberships: frozenset[Edge] = frozenset()
    nested: frozenset[Edge] = frozenset()
    parents: frozenset[Edge] = frozenset()
    implied: frozenset[Edge] = frozenset()
    limits: GraphLimits = field(default_factory=GraphLimits)

    def allows(self, query: AccessQuery) -> bool:
        depth = self.limits.depth
        groups = _within(self.groups_of(query.user), depth)
        resources = _within(self.above(self.parents, query.resource), depth)
        actions = _within(self.above(self.implied, query.action), depth)
        return any(
            (query.user, resource, action) in self.user_grants
            or any((group, resource, action) in self.group_grants for group in groups)
            for resource in resources
            for action in actions
        )

    def is_too_deep(self, query: AccessQuery) -> bool:
        return any(
            max(reached.values(), default=0) > self.limits.depth for reached in self._all(query)
        )

    def is_too_wide(self, query: AccessQuery) -> bool:
        """Tell it of what a walk sees: one level past the depth."""
        seen = [len(_within(reached, self.limits.depth + 1)) for reached in self._all(query)]
        most = (self.limits.groups, self.limits.ancestors + 1, self.limits.actions + 1)
        return any(number > bound for number, bound in zip(seen, most, strict=True))

    def groups_of(self, user: str) -> dict[str, int]:
        reached: dict[str, int] = {}
        for member, group in self.memberships:
            if member == user:
                for name, depth in self.above(self.nested, group).items():
                    reached[name] = min(depth + 1, reached.get(name, depth + 1))
        return reached

    @staticmethod
    def above(edges: Iterable[Edge], start: str) -> dict[str, int]:
        """Return every node above, and how many steps away; the start is 0 away."""
        reached = {start: 0}
        level = [start]
        while level:
            found = sorted({up for down, up in edges if down in level} - reached.keys())
            for name in found:
                reached[name] = reached[level[0]] + 1
            level = found
        return reached

    def proves(self, query: AccessQuery, path: Path) -> bool:
        """Tell whether each step of the path is on record, and its end is a grant."""
        end = (path.resources[-1], path.actions[-1])
        if path.groups:
            holds = (path.groups[-1], *end) in self.group_grants
            holds &= (query.user, path.groups[0]) in self.memberships
        else:
            holds = (query.user, *end) in self.user_grants
        return (
            holds
            and _is_chain(path.groups, self.nested)
            and path.resources[0] == query.resource
            and _is_chain(path.resources, self.parents)
            and path.actions[0] == query.action
            and _is_chain(path.actions, self.implied)
            and set(path.via) == _rewrites(path)
        )

    async def store(self, pool: DatabasePool) -> None:
        """Put the graph in the place of what is on record."""
        async with pool.transaction() as connection:
            await connection.execute(f"TRUNCATE {TABLES}")
            for statement, rows in (
                ("INSERT INTO grants (user_id, resource, action, granted_by)", self.user_grants),
                ("INSERT INTO grants (group_id, resource, action, granted_by)", self.group_grants),
                ("INSERT INTO group_members (user_id, group_id, added_by)", self.memberships),
                ("INSERT INTO group_members (member_group_id, group_id, added_by)", self.nested),
                ("INSERT INTO resource_parents (resource, parent, added_by)", self.parents),
                ("INSERT INTO action_implications (action, implied_by, added_by)", self.implied),
            ):
                places = ", ".join(f"${place + 1}" for place in range(statement.count(",")))
                await connection.executemany(f"{statement} VALUES ({places}, 'tests')", list(rows))

    def _all(self, query: AccessQuery) -> list[dict[str, int]]:
        return [
            self.groups_of(query.user),
            self.above(self.parents, query.resource),
            self.above(self.implied, query.action),
        ]


def _within(reached: Mapping[str, int], depth: int) -> set[str]:
    return {name for name, steps in reached.items() if steps <= depth}


def _is_chain(nodes: tuple[str, ...], edges: frozenset[Edge]) -> bool:
    return all(pair in edges for pair in itertools.pairwise(nodes))


def _rewrites(path: Path) -> set[Via]:
    found = {Via.USERSET} if path.groups else set()
    found |= {Via.COMPUTED_USERSET} if len(path.actions) > 1 else set()
    found |= {Via.TUPLE_TO_USERSET} if len(path.resources) > 1 else set()
    return found or {Via.DIRECT}
