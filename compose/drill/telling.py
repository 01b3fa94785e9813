"""What was told of an alert, and when: only in time counts, and only on the way that must work.

A message that comes after the repair found nothing, and one that comes once the recorded series
are erased says nothing of the repair.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from compose.drill.watch import Notice, Said
from compose.faults.model import Fault, Told

Key = tuple[str, str, str, str]
"""An alert as messages tell it apart: name, severity, job, window."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Between what moments a message counts, in seconds since the epoch; `via` is its way."""

    injected: float
    told_by: float
    """The repair, or the end of the fault's patience, whichever comes first."""
    repaired: float
    over_by: float
    """The end of what a repair may take to be told, or the return of the budgets."""
    returned: float
    via: str

    @classmethod
    def of(cls, fault: Fault, moments: Mapping[str, float | None]) -> Self:
        """Return those of an incident; a moment that has not come yet sets no bound."""
        injected = moments.get("injected") or 0.0
        never = float("inf")
        repaired, returned = moments.get("repaired"), moments.get("returned")
        patience = injected + fault.patience_seconds
        return cls(
            injected=injected,
            told_by=patience if repaired is None else min(repaired, patience),
            repaired=never if repaired is None else repaired,
            over_by=never
            if repaired is None
            else min(repaired + fault.resolve_seconds, never if returned is None else returned),
            returned=never if returned is None else returned,
            via=fault.told_by,
        )


def said_of(told: Told, notice: Notice, status: str) -> Iterable[Said]:
    """Return what a notice says of an alert."""
    return (one for one in notice.says(status) if told.covers(one.name, one.job))


def first_telling(notices: Iterable[Notice], told: Told, limits: Deadlines) -> Notice | None:
    """Return the first message of the alert that was in time."""
    return next(
        (
            one
            for one in notices
            if one.via == limits.via
            and limits.injected <= one.at <= limits.told_by
            and any(said_of(told, one, "firing"))
        ),
        None,
    )


def resolved_at(notices: Sequence[Notice], told: Told, limits: Deadlines) -> float | None:
    """Return when it was told, in time, that the window is over that found the fault.

    A budget's slower windows look back for longer, and tell of the same budget, not of the fault:
    the message may be a new page of theirs. `clear_at` waits for them, too.
    """
    first = first_telling(notices, told, limits)
    windows = {one.window for one in said_of(told, first, "firing")} if first else set()
    for notice in notices:
        over = {one.window for one in said_of(told, notice, "resolved")}
        in_time = limits.repaired <= notice.at <= limits.over_by
        if notice.via == limits.via and in_time and over & windows:
            return notice.at
    return None


def clear_at(notices: Sequence[Notice], told: Told, limits: Deadlines) -> float | None:
    """Return when the message came after which nothing of the alert was told to fire any more.

    None where none came before the recorded series were erased: what comes then is no news. A
    message that says it is over is none either where a slower window fires anew after it.
    """
    fires: set[Key] = set()
    clear: float | None = None
    for notice in notices:
        about = [one for one in notice.said if told.covers(one.name, one.job)]
        if notice.via != limits.via or not about or notice.at > limits.returned:
            continue
        fires = still_fires(fires, about)
        if fires:
            clear = None
        elif clear is None and notice.at >= limits.repaired:
            clear = notice.at
    return clear


def still_fires(fires: Collection[Key], said: Iterable[Said]) -> set[Key]:
    """Return what was last told to fire, once a message has said that."""
    of_status: dict[str, set[Key]] = {"firing": set(), "resolved": set()}
    for one in said:
        of_status[one.status].add((one.name, one.severity, one.job, one.window))
    return {*fires} - of_status["resolved"] | of_status["firing"]
