"""The words of authorization: what is asked, what is answered, and by whom."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID


class Source(StrEnum):
    """The layer that answered; the values of `app.signals.DECISION_SOURCE`."""

    L1 = "l1"
    L2 = "l2"
    DATABASE = "database"


class LookupResult(StrEnum):
    """How a cache's look-up ended; the values of `app.signals.CACHE_RESULT`."""

    HIT = "hit"
    MISS = "miss"
    BYPASS = "bypass"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class AccessQuery:
    """The question whether `user` may do `action` to `resource`."""

    user: str
    resource: str
    action: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer; a denial is as much an answer as a grant."""

    allowed: bool
    source: Source

    def answered_by(self, source: Source) -> "Decision":
        """Return the same answer as another layer gives it."""
        return replace(self, source=source)


class EpochId(NamedTuple):
    """One state of all grants: `number` tells later from earlier, `mark` is never used twice.

    Without the mark a restored backup, or a new database, would come by the numbers of old.
    """

    number: int
    mark: UUID


class DecisionLayer(Protocol):
    """Whatever can decide: a cache around another layer, or the grants on record."""

    async def decide(self, query: AccessQuery) -> Decision:
        """Return the decision; raises `app.errors.Unavailable` where nobody could tell."""
        ...
