"""What is done to many users at once."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from app.batches.operations import Operation as UserOperation
from app.batches.users_http import MOST_ROWS, MOST_USERS, UserBatch
from app.http.openapi.about_reports import TaskAccepted
from app.http.openapi.headers import IDEMPOTENCY_KEY
from app.http.openapi.operation import Answer, Link, Operation, Operations, Query, Shown
from app.http.openapi.refusals import CONFLICT, INVALID, INVALID_QUERY, NOTHING_THERE

_TAG: Final = "User batches"
_Count = Annotated[int, Field(ge=0)]


class FailuresQuery(Query):
    """The query of a page of failures."""

    cursor: str | None = None
    """The `next_cursor` of the page before."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100


class UserCounts(Shown):
    """How many users; `total` is null until it is known."""

    total: _Count | None
    done: _Count
    failed: _Count


class UserBatchState(Shown):
    """How a batch stands at its last checkpoint."""

    task_id: UUID
    operation: UserOperation
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    users: UserCounts
    cancel_requested: bool
    error: str | None
    created_at: datetime
    checkpoint_at: datetime | None
    finished_at: datetime | None


class FailedUser(Shown):
    """A user that could not be processed, and the kind of error."""

    user: str
    error: str


class FailuresPage(Shown):
    """A page of failures; `next_cursor` is null after the last."""

    items: list[FailedUser]
    next_cursor: str | None


_THE_TASK: Final = {"task_id": "$response.body#/task_id"}
_NEXT: Final = {
    "task_id": "$request.path.task_id",
    "cursor": "$response.body#/next_cursor",
}

OPERATIONS: Final[Operations] = {
    ("POST", "/user-batches"): Operation(
        id="start_user_batch",
        tag=_TAG,
        summary="Offboard or review many users",
        text=(
            f"`offboard` takes every grant and membership from up to {MOST_USERS} users; `review`"
            " mails a report about each of them, or of `all`, to the `recipient`."
        ),
        headers=(IDEMPOTENCY_KEY,),
        body=UserBatch,
        example={"operation": "offboard", "users": ["mallory"]},
        answers=(
            Answer(
                status=HTTPStatus.ACCEPTED,
                says="It is on record, and will be run.",
                body=TaskAccepted,
                headers=("Location",),
                links={
                    "status": Link(operation="show_user_batch", parameters=_THE_TASK),
                    "failures": Link(operation="list_failed_users", parameters=_THE_TASK),
                    "cancel": Link(operation="cancel_user_batch", parameters=_THE_TASK),
                },
            ),
        ),
        refusals=(INVALID, CONFLICT),
    ),
    ("GET", "/user-batches/{task_id}"): Operation(
        id="show_user_batch",
        tag=_TAG,
        summary="How a batch of users stands",
        answers=(Answer(says="Its state.", body=UserBatchState),),
        refusals=(NOTHING_THERE,),
    ),
    ("GET", "/user-batches/{task_id}/failures"): Operation(
        id="list_failed_users",
        tag=_TAG,
        summary="The users that could not be processed",
        query=FailuresQuery,
        answers=(
            Answer(
                says="A page.",
                body=FailuresPage,
                links={"next": Link(operation="list_failed_users", parameters=_NEXT)},
            ),
        ),
        refusals=(NOTHING_THERE, INVALID_QUERY),
    ),
    ("POST", "/user-batches/{task_id}/cancel"): Operation(
        id="cancel_user_batch",
        tag=_TAG,
        summary="Cancel a batch of users",
        text="What is done stays done.",
        answers=(
            Answer(says="It is cancelled.", body=UserBatchState),
            Answer(
                status=HTTPStatus.ACCEPTED,
                says="A worker is asked to end it.",
                body=UserBatchState,
            ),
        ),
        refusals=(NOTHING_THERE, CONFLICT),
    ),
}
