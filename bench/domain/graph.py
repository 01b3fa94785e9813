"""A graph of grants of any size, in which a check has the same work to do.

A user has five grants of their own, on leaves, and is in three groups. Each of those is in one
outer group. A group has five grants, on roots, by the action that the one asked for is implied by.
A leaf is in a folder, a folder under a root. What grows is only how many of them there are.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

Question = tuple[str, str, str]
"""User, resource, action."""

SMALLEST: Final = 1_000
_EACH: Final = 5
_MEMBERSHIPS: Final = 3
_IN_ONE: Final = 10
"""Leaves in a folder, folders under a root."""
_APART: Final = 7
"""So that an outer group's roots are none of its members' own."""
_BY: Final = "bench"
_TABLES: Final = "grants, group_members, resource_parents, action_implications"


class Graph:
    """So many grants, at least `SMALLEST`: half are users' own, half are groups'."""

    def __init__(self, grants: int) -> None:
        self._users = self._groups = grants // (2 * _EACH)
        self._leaves = self._users * _EACH
        self._folders = self._leaves // _IN_ONE
        self._roots = self._folders // _IN_ONE

    def questions(self, number: int) -> Sequence[Question]:
        """Return so many from all over the graph, a third of each kind.

        A user's own grant; one that is inherited through all three relations; and none, for which
        everything has to be walked.
        """
        kinds = (self._own, self._inherited, self._denied)
        step = max(1, self._users // number)
        return [kinds[n % len(kinds)](n * step % self._users) for n in range(number)]

    async def load(self, connection: Any) -> None:  # noqa: ANN401  # asyncpg ships no types
        """Put it in place of what is on record, by COPY: nothing tells the planner of it."""
        await connection.execute(f"TRUNCATE {_TABLES}")
        subjects = ("user_id", "group_id")
        await _copy(
            connection, "grants", (*subjects, "resource", "action", "granted_by"), self._grants()
        )
        members = ("user_id", "member_group_id")
        await _copy(
            connection, "group_members", (*members, "group_id", "added_by"), self._members()
        )
        await _copy(
            connection, "resource_parents", ("resource", "parent", "added_by"), self._parents()
        )
        implications = [("read", "write", _BY), ("write", "own", _BY)]
        await _copy(
            connection, "action_implications", ("action", "implied_by", "added_by"), implications
        )

    def _own(self, user: int) -> Question:
        return _user(user), _leaf(user * _EACH + 1), "read"

    def _inherited(self, user: int) -> Question:
        outer = self._outer(self._inner(user)[1])
        leaf = self._root_of(outer, 2) * _IN_ONE * _IN_ONE
        return _user(user), _leaf(leaf), "read"

    def _denied(self, user: int) -> Question:
        return _user(user), _leaf(user * _EACH + 1), "delete"

    def _inner(self, user: int) -> Sequence[int]:
        return [(user + n) % (self._groups // 2) for n in range(_MEMBERSHIPS)]

    def _outer(self, inner: int) -> int:
        return self._groups // 2 + (inner + _APART) % (self._groups // 2)

    def _root_of(self, group: int, number: int) -> int:
        return (group * _EACH + number) % self._roots

    def _grants(self) -> Iterator[tuple[str | None, str | None, str, str, str]]:
        for user in range(self._users):
            for number in range(_EACH):
                yield _user(user), None, _leaf(user * _EACH + number), "read", _BY
        for group in range(self._groups):
            for number in range(_EACH):
                yield None, _group(group), _root(self._root_of(group, number)), "write", _BY

    def _members(self) -> Iterator[tuple[str | None, str | None, str, str]]:
        for user in range(self._users):
            for inner in self._inner(user):
                yield _user(user), None, _group(inner), _BY
        for inner in range(self._groups // 2):
            yield None, _group(inner), _group(self._outer(inner)), _BY

    def _parents(self) -> Iterator[tuple[str, str, str]]:
        for leaf in range(self._leaves):
            yield _leaf(leaf), _folder(leaf // _IN_ONE), _BY
        for folder in range(self._folders):
            yield _folder(folder), _root(folder // _IN_ONE), _BY


async def _copy(
    connection: Any,  # noqa: ANN401  # asyncpg ships no types
    table: str,
    columns: Sequence[str],
    records: Iterator[tuple[str | None, ...]] | Sequence[tuple[str, ...]],
) -> None:
    await connection.copy_records_to_table(table, records=records, columns=columns, timeout=600)


def _user(number: int) -> str:
    return f"user-{number:08}"


def _group(number: int) -> str:
    return f"group-{number:08}"


def _leaf(number: int) -> str:
    return f"document:{number:08}"


def _folder(number: int) -> str:
    return f"folder:{number:08}"


def _root(number: int) -> str:
    return f"project:{number:08}"
