"""One row of an access review, and how names that clients chose are shown."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_UNPRINTABLE: Final = "\N{REPLACEMENT CHARACTER}"

COLUMNS: Final = (
    "User",
    "Action",
    "Resource",
    "Through group",
    "By way of",
    "Granted by",
    "Since",
    "Last decision",
    "Decided",
    "Also allows",
    "Also on",
)


@dataclass(frozen=True, slots=True)
class Access:
    """What a user may do, who granted it and when; `through` is the group that holds the grant.

    `path` are the groups that lead there, the user's own first and `through` last. `decision` is
    the last one on record about just this, where there is one. `implied` are actions that the
    grant allows too, `beneath` resources that it holds for too; the last of either may be a mark
    that there are more.
    """

    user: str
    resource: str
    action: str
    through: str
    granted_by: str
    since: datetime
    decision: str = ""
    decided_at: datetime | None = None
    path: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()
    beneath: tuple[str, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """Return the row's cells, in the order of `COLUMNS`, without control characters."""
        way = " > ".join(self.path) if len(self.path) > 1 else ""
        names = (self.user, self.action, self.resource, self.through, way, self.granted_by)
        decided = "" if self.decided_at is None else f"{self.decided_at.astimezone(UTC):%Y-%m-%d}"
        since = f"{self.since.astimezone(UTC):%Y-%m-%d}"
        inherited = (", ".join(self.implied), ", ".join(self.beneath))
        return (*map(printable, names), since, self.decision, decided, *map(printable, inherited))


def printable(name: str) -> str:
    """Return the name with a mark for each character that is no print: a line stays a line."""
    if name.isprintable():
        return name
    return "".join(char if char.isprintable() else _UNPRINTABLE for char in name)
