"""Asks after the walk which of four causes it was, and tells why not the others.

The causes are faults of the catalogue. Why one is wrong follows from its ground truth: what it
would have told, and where it would have shown.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from compose.faults.catalogue import FAULTS
from compose.faults.model import Fault, Told
from compose.incident.elements import clean
from compose.incident.model import Incident
from compose.tour.hints import HINTS

CHOICES: Final = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """One cause, and why it is right or wrong."""

    cause: str
    right: bool
    why: str


def choices(incident: Incident, faults: Sequence[Fault] = FAULTS) -> tuple[Choice, ...]:
    """Return the causes to choose from, always in the same order for the same incident."""
    hints = HINTS.get(incident.name, {})
    others = sorted(
        (fault for fault in faults if fault.name != incident.name),
        key=lambda fault: (fault.name not in hints, -_alike(fault, incident), fault.name),
    )[: CHOICES - 1]
    every = [Choice(incident.breaks, right=True, why=_why_right(incident))]
    every += [
        Choice(fault.breaks, right=False, why=_why_wrong(fault, incident, hints))
        for fault in others
    ]
    random.Random(clean(incident.name)).shuffle(every)  # noqa: S311  # an order, no secret
    return tuple(every)


def told(incident: Incident) -> set[Told]:
    """Return the alerts that somebody was told of, from the fault on."""
    return {
        Told(name, job)
        for message in incident.messages
        if message.at >= 0
        for (status, name), job in zip(message.said, message.jobs, strict=True)
        if status == "firing"
    }


def _alike(fault: Fault, incident: Incident) -> int:
    shared = {one.name for one in fault.expects} & set(incident.expected)
    return 2 * len(shared) + (fault.layer.value == incident.layer)


def _why_right(incident: Incident) -> str:
    heard = " and ".join(sorted({one.name for one in told(incident)} & set(incident.expected)))
    panel = next((one.title for one in incident.panels if one.shows_the_fault), "")
    parts = [f"{heard} must follow from it, and did" if heard else ""]
    parts.append(f"the panel “{panel}” shows it" if panel else "")
    parts.append(f"so does the span {incident.span}" if incident.span else "")
    said = "; ".join(part for part in parts if part)
    return f"{said[:1].upper()}{said[1:]}." if said else "It is what the drill did."


def _why_wrong(fault: Fault, incident: Incident, hints: Mapping[str, str]) -> str:
    if fault.name in hints:
        return hints[fault.name]
    heard = told(incident)
    missing = [
        str(one)
        for one in fault.expects
        if not any(one.covers(each.name, each.job) for each in heard)
    ]
    if missing:
        return f"{' and '.join(sorted(missing))} would have been told, and was not."
    possible = (*fault.expects, *fault.may_follow)
    strange = {
        str(each)
        for each in heard
        if each.name in incident.expected
        and not any(one.covers(each.name, each.job) for one in possible)
    }
    if strange:
        return f"It does not bring about {' and '.join(sorted(strange))}, which was told."
    return _where_it_shows(fault)


def _where_it_shows(fault: Fault) -> str:
    if fault.evidence.panel is None:
        return f"The same alerts, but no board shows it. {fault.evidence.why_no_panel}"
    board, title = fault.evidence.panel
    where = f"the panel “{title}” of the board {board}"
    span = fault.evidence.span_name
    return f"The same alerts, but it shows on {where}{f' and in the span {span}' if span else ''}."
