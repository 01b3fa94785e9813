"""How far a check follows the graph, and what is said where that is not far enough.

The limits bound the work of one check whatever has been written. A grant that is found within them
allows; without one, a graph that goes past them is a problem and never a denial: a guess would be
cached and believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from app.errors import ProblemError


class Limit(StrEnum):
    """Which limit was passed; the values of `app.signals.GRAPH_LIMIT`."""

    DEPTH = "depth"
    FAN_OUT = "fan_out"


@dataclass(frozen=True, slots=True)
class GraphLimits:
    """The most that one check looks at, in each of its three directions."""

    depth: int = 16
    """Steps from a user to a group, a resource to an ancestor, an action to one that implies it."""
    groups: int = 512
    """Groups that a user is in, directly or through other groups."""
    ancestors: int = 64
    """Resources above a resource."""
    actions: int = 16
    """Actions that imply an action."""


class GraphTooLarge(ProblemError):  # noqa: N818  # named as the other problems are
    """The check would have to follow the graph further than `GraphLimits` lets it."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    type = "tag:sightline.example,2026:graph-too-large"

    def __init__(self, limit: Limit) -> None:
        where = "deeper" if limit is Limit.DEPTH else "wider"
        super().__init__(
            f"Groups, resources or actions are nested {where} than one check follows them,"
            " and no grant was found before that; nothing is known of the permission."
        )
        self.limit = limit

    @property
    def title(self) -> str:
        """The kind of problem in words."""
        return "Graph too large"

    @property
    def extensions(self) -> Mapping[str, object]:
        """Which limit it was."""
        return {"limit": self.limit.value}
