"""The audit trail."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from app.audit.diagnosis import Kind
from app.audit.http import LONGEST_FILTER, MOST_LINKS, MOST_PAGE
from app.http.bodies import NO_CONTROLS
from app.http.openapi.operation import Answer, Link, Operation, Operations, Query, Shown

_TAG: Final = "Audit"

_Text = Annotated[str, Field(max_length=LONGEST_FILTER, pattern=NO_CONTROLS)]
_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0)]


class AuditQuery(Query):
    """Which entries."""

    actor: _Text | None = None
    object: _Text | None = None
    action: _Text | None = None
    since: datetime | None = None
    """With its offset, as `2026-01-31T00:00:00Z`."""
    until: datetime | None = None
    cursor: str | None = None
    """The `next_cursor` of the page before."""
    limit: Annotated[int, Field(ge=1, le=MOST_PAGE)] = 100


class VerifyQuery(Query):
    """From where, how far, and a head that was exported before: `number` and `hash` together."""

    number: Annotated[int, Field(ge=0, lt=10**18)] | None = None
    hash: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")] | None = None
    cursor: str | None = None
    """The `next_cursor` of the part before."""
    limit: Annotated[int, Field(ge=1, le=MOST_LINKS)] = 20_000


class EntryOrigin(Shown):
    """Where an entry was made."""

    service: str
    instance: str
    client_address: str | None


class AuditEntry(Shown):
    """Who did what to which object; `number` is its place in the chain once it is sealed."""

    id: int
    number: int | None
    at: datetime
    actor: str
    action: str
    object: str
    outcome: str
    origin: EntryOrigin
    correlation_id: str | None
    trace_id: str | None
    details: dict[str, Any]


class AuditPage(Shown):
    """A page of entries, newest first; `next_cursor` is null after the last."""

    items: list[AuditEntry]
    next_cursor: str | None


class Head(Shown):
    """The last link that was looked at."""

    number: _Count
    hash: _Hash


class BrokenAt(Shown):
    """The first link that is wrong; `claimed`: only the head or cursor that was sent says so."""

    number: _Count | None
    entry_id: int | None
    kind: Kind
    detail: str
    claimed: bool


class VerifyAnswer(Shown):
    """What a walk found; `complete` where it came to the end of the chain."""

    intact: bool
    complete: bool
    checked: _Count
    after: _Count
    head: Head
    anchors_met: _Count
    broken: BrokenAt | None
    next_cursor: str | None


_NEXT: Final = {"cursor": "$response.body#/next_cursor"}

OPERATIONS: Final[Operations] = {
    ("GET", "/audit"): Operation(
        id="read_audit",
        tag=_TAG,
        summary="Read the trail, newest first",
        text="Reading is put on record itself. Other query parameters are refused.",
        query=AuditQuery,
        answers=(
            Answer(
                says="A page.",
                body=AuditPage,
                links={"next": Link(operation="read_audit", parameters=_NEXT)},
            ),
        ),
    ),
    ("GET", "/audit/verify"): Operation(
        id="verify_audit",
        tag=_TAG,
        summary="Verify the trail's chain",
        text=(
            "Walks the chain: nothing was edited, removed or moved. `number` and `hash` are those"
            " of an exported head that the chain has to hold. One walk at a time in each process."
        ),
        query=VerifyQuery,
        answers=(
            Answer(
                says="What was found; a broken chain is no error of the request.",
                body=VerifyAnswer,
                links={"next": Link(operation="verify_audit", parameters=_NEXT)},
            ),
        ),
    ),
}
