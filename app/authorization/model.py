"""The words of authorization: what is asked, what is answered, and by whom."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple, Protocol
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
    COALESCED = "coalesced"
    STALE_REFUSED = "stale_refused"
    BYPASS = "bypass"
    ERROR = "error"


class EpochId(NamedTuple):
    """One state of all grants: `number` tells later from earlier, `mark` is never used twice.

    Without the mark a restored backup, or a new database, would come by the numbers of old.
    """

    number: int
    mark: UUID

    def includes(self, other: "EpochId") -> bool:
        """Tell whether this state holds every change that `other` does."""
        return self == other or self.number > other.number


class ConsistencyKind(StrEnum):
    """How new the state behind a decision must be."""

    MINIMIZE_LATENCY = "minimize_latency"
    AT_LEAST = "at_least"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Consistency:
    """The state a check demands: any known to be current, one that holds a write, or the newest."""

    kind: ConsistencyKind = ConsistencyKind.MINIMIZE_LATENCY
    floor: EpochId | None = None
    """The epoch of the write that must be seen; only with `AT_LEAST`."""

    @classmethod
    def at_least(cls, floor: EpochId) -> "Consistency":
        """Demand a state that holds the write that moved the epoch to `floor`."""
        return cls(ConsistencyKind.AT_LEAST, floor)

    def accepts(self, epoch: EpochId) -> bool:
        """Tell whether what was decided in `epoch` may answer; `FULL` takes nothing remembered."""
        if self.kind is ConsistencyKind.FULL:
            return False
        return self.floor is None or epoch.includes(self.floor)


MINIMIZE_LATENCY: Final = Consistency()
FULL: Final = Consistency(ConsistencyKind.FULL)


Question = tuple[str, str, str]
"""The user, the resource and the action."""


@dataclass(frozen=True, slots=True)
class AccessQuery:
    """The question whether `user` may do `action` to `resource`."""

    user: str
    resource: str
    action: str
    consistency: Consistency = field(default=MINIMIZE_LATENCY, compare=False)
    """Part of the demand, not of the question: queries that differ in it alone are equal."""

    @property
    def question(self) -> Question:
        """What a cache holds the answer by: as a key, a tuple costs a third of a dataclass."""
        return self.user, self.resource, self.action


@dataclass(frozen=True, slots=True)
class GroupGrant:
    """Every member of `group`, and of the groups in it, may do `action` to `resource`."""

    group: str
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


class DecisionLayer(Protocol):
    """Whatever can decide: a cache around another layer, or the grants on record."""

    async def decide(self, query: AccessQuery) -> Decision:
        """Return the decision; raises `app.errors.Unavailable` where nobody could tell."""
        ...
