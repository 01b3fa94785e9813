"""Imports of files."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal, get_args
from uuid import UUID

from pydantic import Field

from app.batches.http import Reference
from app.batches.kinds import Reason
from app.batches.ledger import Origin
from app.batches.portions import Format
from app.http.openapi.about_reports import TaskAccepted
from app.http.openapi.operation import Answer, Link, Operation, Operations, Query, Shown
from app.http.openapi.refusals import INVALID, INVALID_QUERY, NOTHING_THERE

_TAG: Final = "Imports"
_MOST_ROWS: Final = 500

KindName = Literal["users", "groups", "memberships", "parents", "grants"]


class ImportQuery(Query):
    """How an upload is taken."""

    kind: KindName | None = None
    """What the file has a row for each of; required with an upload."""
    again: bool = False
    """Import it anew, although the same file was imported before."""


class RejectsQuery(Query):
    """The query of a page of rejects."""

    cursor: str | None = None
    """The `next_cursor` of the page before."""
    limit: Annotated[int, Field(ge=1, le=_MOST_ROWS)] = 100


class Bytes(Shown):
    """How far the file is read."""

    done: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=0)]


class Rows(Shown):
    """What has become of the rows so far."""

    done: Annotated[int, Field(ge=0)]
    added: Annotated[int, Field(ge=0)]
    unchanged: Annotated[int, Field(ge=0)]
    rejected: Annotated[int, Field(ge=0)]


class ImportState(Shown):
    """How an import stands at its last checkpoint."""

    task_id: UUID
    kind: KindName
    format: Format
    source: Origin
    status: Literal["queued", "running", "done", "failed"]
    bytes: Bytes
    rows: Rows
    rejects_kept: Annotated[int, Field(ge=0)]
    error: str | None
    created_at: datetime
    checkpoint_at: datetime | None
    finished_at: datetime | None


class Rejected(Shown):
    """A row that was not taken: its line, the column if it is about one, and why; no value."""

    line: Annotated[int, Field(ge=1)]
    column: str | None
    reason: Reason


class RejectsPage(Shown):
    """A page of rejects; `next_cursor` is null after the last."""

    items: list[Rejected]
    next_cursor: str | None


_THE_TASK: Final = {"task_id": "$response.body#/task_id"}
_CSV: Final = {"type": "string", "examples": ["user,resource,action\nalice,account:7,view\n"]}
_NDJSON: Final = {"type": "string", "examples": ['{"group": "tellers", "user": "alice"}\n']}

OPERATIONS: Final[Operations] = {
    ("POST", "/imports"): Operation(
        id="start_import",
        tag=_TAG,
        summary="Import a file of users, groups, memberships, parents or grants",
        text=(
            "The body is the file, or names one of the import folder. Each row is taken or"
            f" rejected by itself. `kind` is one of {', '.join(get_args(KindName))}."
            " The same file again is the same import, unless `again`."
        ),
        query=ImportQuery,
        body=Reference,
        raw={"text/csv": _CSV, "application/x-ndjson": _NDJSON, "application/jsonl": _NDJSON},
        example={"kind": "grants", "format": "csv", "path": "grants.csv"},
        answers=(
            Answer(
                status=HTTPStatus.ACCEPTED,
                says="It is on record, and will be run.",
                body=TaskAccepted,
                headers=("Location",),
                links={
                    "status": Link(operation="show_import", parameters=_THE_TASK),
                    "rejects": Link(operation="list_rejects", parameters=_THE_TASK),
                },
            ),
        ),
        refusals=(INVALID,),
    ),
    ("GET", "/imports/{task_id}"): Operation(
        id="show_import",
        tag=_TAG,
        summary="How an import stands",
        answers=(Answer(says="Its state.", body=ImportState),),
        refusals=(NOTHING_THERE,),
    ),
    ("GET", "/imports/{task_id}/rejects"): Operation(
        id="list_rejects",
        tag=_TAG,
        summary="The rows that were not taken",
        text="The first 1,000; all of them are counted in the import's state.",
        query=RejectsQuery,
        answers=(
            Answer(
                says="A page.",
                body=RejectsPage,
                links={
                    "next": Link(
                        operation="list_rejects",
                        parameters={
                            "task_id": "$request.path.task_id",
                            "cursor": "$response.body#/next_cursor",
                        },
                    )
                },
            ),
        ),
        refusals=(NOTHING_THERE, INVALID_QUERY),
    ),
}
