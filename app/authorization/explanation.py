"""Why a check answers as it does: the grants that allow it, and the way to each of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.authorization.model import AccessQuery
from app.database.relations_check import MOST_PATHS, Explained, Reached


class Via(StrEnum):
    """By which of Zanzibar's rewrites a grant reaches the question; `DIRECT` is by none."""

    DIRECT = "direct"
    USERSET = "userset"
    """The user is in the group that holds the grant."""
    COMPUTED_USERSET = "computed_userset"
    """The granted action implies the one asked for."""
    TUPLE_TO_USERSET = "tuple_to_userset"
    """The grant is for a resource above the one asked for."""


@dataclass(frozen=True, slots=True)
class Path:
    """One grant, and each chain from what was asked (first) to what was granted (last)."""

    via: tuple[Via, ...]
    groups: tuple[str, ...]
    """From the group that the user is a member of to the one that holds the grant; often none."""
    resources: tuple[str, ...]
    actions: tuple[str, ...]
    granted_by: str
    granted_at: str
    """ISO 8601, as PostgreSQL writes it in JSON."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The nearest paths first, at most `MOST_PATHS`; without any the answer is no."""

    paths: tuple[Path, ...]

    @property
    def allowed(self) -> bool:
        """The decision."""
        return bool(self.paths)

    @property
    def complete(self) -> bool:
        """Whether there can be no other path."""
        return len(self.paths) < MOST_PATHS


def explanation_of(query: AccessQuery, found: Explained) -> Explanation:
    """Return the paths to the grants that were found."""
    return Explanation(tuple(_path(query, found, grant) for grant in found.grants))


def _path(query: AccessQuery, found: Explained, grant: dict[str, Any]) -> Path:
    group = grant["group_id"]
    groups = () if group is None else tuple(_chain(found.groups, group, first_depth=1))
    resources = tuple(_chain(found.resources, grant["resource"], first_depth=0))
    actions = tuple(_chain(found.actions, grant["action"], first_depth=0))
    via = [Via.USERSET] if groups else []
    if grant["action"] != query.action:
        via.append(Via.COMPUTED_USERSET)
    if grant["resource"] != query.resource:
        via.append(Via.TUPLE_TO_USERSET)
    return Path(
        tuple(via) or (Via.DIRECT,),
        groups,
        resources,
        actions,
        grant["granted_by"],
        grant["created_at"],
    )


def _chain(reached: Reached, last: str, *, first_depth: int) -> Iterator[str]:
    """Yield the nodes on a shortest way to `last`, the first of them first."""
    backwards = [last]
    origin, depth = reached[last]
    while depth > first_depth and origin is not None:
        backwards.append(origin)
        origin, depth = reached[origin]
    yield from reversed(backwards)
