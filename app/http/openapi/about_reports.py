"""Reports by mail, and their schedules."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from app.http.openapi.headers import IDEMPOTENCY_KEY
from app.http.openapi.operation import Answer, Link, Operation, Operations, Query, Shown
from app.http.openapi.refusals import CONFLICT, INVALID, INVALID_QUERY, NOTHING_THERE
from app.reports.http import ReportRequest
from app.reports.paging import MOST_ROWS
from app.reports.schedules_http import ScheduleRequest
from app.reports.status import Status

_TAG: Final = "Reports"
_SCHEDULES: Final = "Report schedules"


class NewestFirst(Query):
    """The query of a page, newest first."""

    cursor: str | None = None
    """The `next_cursor` of the page before."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100


class ReportsQuery(NewestFirst):
    """Which reports."""

    status: Status | None = None


class TaskAccepted(Shown):
    """The task that was put on the queue, and where to ask how it stands."""

    task_id: UUID
    status_url: str


class ReportProgress(Shown):
    """Rows written so far, and all of them once that is known."""

    rows_done: Annotated[int, Field(ge=0)]
    rows_total: Annotated[int, Field(ge=0)] | None


class ReportState(Shown):
    """How a report stands; `error_type` is of the last try that failed."""

    task_id: UUID
    status: Status
    created_at: datetime
    finished_at: datetime | None
    progress: ReportProgress
    cancel_requested: bool
    error_type: str | None
    schedule_id: UUID | None


class ReportsPage(Shown):
    """A page of reports; `next_cursor` is null after the last."""

    items: list[ReportState]
    next_cursor: str | None


class ScheduleState(Shown):
    """A schedule; `next_due` is null where it never falls due again."""

    schedule_id: UUID
    recipient: str
    user: str | None
    cron: str
    time_zone: str
    next_due: datetime | None
    last_due: datetime | None
    created_at: datetime


class SchedulesPage(Shown):
    """A page of schedules; `next_cursor` is null after the last."""

    items: list[ScheduleState]
    next_cursor: str | None


_THE_TASK: Final = {"task_id": "$response.body#/task_id"}
_THE_SCHEDULE: Final = {"schedule_id": "$response.body#/schedule_id"}
_NEXT: Final = {"cursor": "$response.body#/next_cursor"}
_AFTER_REPORT: Final = {
    "status": Link(operation="show_report", parameters=_THE_TASK),
    "csv": Link(operation="report_csv", parameters=_THE_TASK),
    "cancel": Link(operation="cancel_report", parameters=_THE_TASK),
    "replay": Link(operation="replay_report", parameters=_THE_TASK),
}

OPERATIONS: Final[Operations] = {
    ("POST", "/reports"): Operation(
        id="schedule_report",
        tag=_TAG,
        summary="Ask for a report by mail",
        text="Who may do what, who granted it, what was decided; about one `user`, or about all.",
        headers=(IDEMPOTENCY_KEY,),
        body=ReportRequest,
        example={"recipient": "auditor@example.com", "user": "alice"},
        answers=(
            Answer(
                status=HTTPStatus.ACCEPTED,
                says="It is on the queue.",
                body=TaskAccepted,
                headers=("Location",),
                links=_AFTER_REPORT,
            ),
        ),
        refusals=(INVALID, CONFLICT),
    ),
    ("GET", "/reports"): Operation(
        id="list_reports",
        tag=_TAG,
        summary="List your reports, newest first",
        query=ReportsQuery,
        answers=(
            Answer(
                says="A page.",
                body=ReportsPage,
                links={"next": Link(operation="list_reports", parameters=_NEXT)},
            ),
        ),
        refusals=(INVALID_QUERY,),
    ),
    ("GET", "/reports/{task_id}"): Operation(
        id="show_report",
        tag=_TAG,
        summary="How a report stands",
        text="`done`: the mail server has taken it. `dead`: nobody tries any more; see replay.",
        answers=(Answer(says="Its state.", body=ReportState),),
        refusals=(NOTHING_THERE,),
    ),
    ("GET", "/reports/{task_id}/csv"): Operation(
        id="report_csv",
        tag=_TAG,
        summary="A report's CSV, whole",
        answers=(
            Answer(
                says="The file.",
                body=str,
                media_type="text/csv",
                headers=("Content-Disposition",),
            ),
        ),
        refusals=(NOTHING_THERE,),
    ),
    ("POST", "/reports/{task_id}/cancel"): Operation(
        id="cancel_report",
        tag=_TAG,
        summary="Cancel a report",
        answers=(
            Answer(says="It is cancelled.", body=ReportState),
            Answer(
                status=HTTPStatus.ACCEPTED, says="A worker is asked to end it.", body=ReportState
            ),
        ),
        refusals=(NOTHING_THERE, CONFLICT),
    ),
    ("POST", "/reports/{task_id}/replay"): Operation(
        id="replay_report",
        tag=_TAG,
        summary="Try a dead or cancelled report again",
        answers=(
            Answer(status=HTTPStatus.ACCEPTED, says="It is on the queue again.", body=ReportState),
        ),
        refusals=(NOTHING_THERE, CONFLICT),
    ),
    ("POST", "/report-schedules"): Operation(
        id="add_schedule",
        tag=_SCHEDULES,
        summary="Ask for reports by a cron expression",
        text=(
            "Minute, hour, day of month, month, day of week, or `@hourly` to `@yearly`; in a time"
            " zone of the IANA database."
        ),
        headers=(IDEMPOTENCY_KEY,),
        body=ScheduleRequest,
        example={
            "recipient": "auditor@example.com",
            "cron": "30 7 * * mon",
            "time_zone": "Europe/Vienna",
        },
        answers=(
            Answer(
                status=HTTPStatus.CREATED,
                says="The schedule.",
                body=ScheduleState,
                headers=("Location",),
                links={
                    "show": Link(operation="show_schedule", parameters=_THE_SCHEDULE),
                    "remove": Link(operation="remove_schedule", parameters=_THE_SCHEDULE),
                },
            ),
        ),
        refusals=(INVALID, CONFLICT),
    ),
    ("GET", "/report-schedules"): Operation(
        id="list_schedules",
        tag=_SCHEDULES,
        summary="List your schedules, newest first",
        query=NewestFirst,
        answers=(
            Answer(
                says="A page.",
                body=SchedulesPage,
                links={"next": Link(operation="list_schedules", parameters=_NEXT)},
            ),
        ),
        refusals=(INVALID_QUERY,),
    ),
    ("GET", "/report-schedules/{schedule_id}"): Operation(
        id="show_schedule",
        tag=_SCHEDULES,
        summary="One schedule",
        answers=(Answer(says="The schedule.", body=ScheduleState),),
        refusals=(NOTHING_THERE,),
    ),
    ("DELETE", "/report-schedules/{schedule_id}"): Operation(
        id="remove_schedule",
        tag=_SCHEDULES,
        summary="Remove a schedule",
        text="Reports that it has put out stay.",
        answers=(Answer(status=HTTPStatus.NO_CONTENT, says="It is gone."),),
        refusals=(NOTHING_THERE,),
    ),
}
