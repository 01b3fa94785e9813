"""Reports over HTTP: `POST /reports` schedules one, `/reports/{task_id}` is how it stands.

`GET /reports` lists them newest first; cancel, replay and the CSV hang below each.
"""

import re
from http import HTTPStatus
from typing import Annotated, Any, Final, cast
from uuid import UUID

from opentelemetry import trace
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.errors import BadRequest, InvalidFields, NotFound
from app.http.authentication import actor_of
from app.http.bodies import Body, Identifier, read_body
from app.http.responses import JsonResponse
from app.reports.address import ADDRESS_PATTERN, MAX_ADDRESS, recipient_address
from app.reports.control import NO_REPORT, ReportControl
from app.reports.paging import PageQuery
from app.reports.scheduler import ReportScheduler
from app.reports.status import STATUSES, ReportStatus, ReportStatuses, Status
from app.signals import SUBJECT_HASH, TASK_ID
from telemetry.pseudonyms import Pseudonyms

_IDEMPOTENCY_KEY: Final = re.compile(r"[!-~]{1,255}")


def _recipient(value: str) -> str:
    try:
        return recipient_address(value)
    except ValueError:
        kind, message = "email_address", "String should be an e-mail address: name@domain"
        raise PydanticCustomError(kind, message) from None


Recipient = Annotated[
    str,
    AfterValidator(_recipient),
    Field(json_schema_extra={"pattern": ADDRESS_PATTERN, "maxLength": MAX_ADDRESS}),
]
"""To whom a report goes."""


class ReportRequest(Body):
    """To whom the report goes, and, where it is about one user only, which."""

    recipient: Recipient
    user: Identifier | None = None


def routes(
    scheduler: ReportScheduler,
    statuses: ReportStatuses,
    control: ReportControl,
    pseudonyms: Pseudonyms,
) -> list[Route]:
    """Return the routes of reports; they want an authenticated caller."""

    async def schedule(request: Request) -> Response:
        wanted = await read_body(request, ReportRequest)
        if wanted.user is not None:
            pseudonyms.mark(SUBJECT_HASH, wanted.user)
        task_id = await scheduler.schedule_report(
            wanted.recipient,
            wanted.user,
            idempotency_key(request),
            requested_by=actor_of(request),
        )
        url = url_of(request, f"/reports/{task_id}")
        return JsonResponse(
            {"task_id": str(task_id), "status_url": url}, HTTPStatus.ACCEPTED, {"Location": url}
        )

    async def index(request: Request) -> Response:
        query = PageQuery.of(request)
        found = await statuses.page(
            actor_of(request), query.after, query.limit + 1, _status_filter(request)
        )
        return page_response(query, [(one.place.cursor, _shown(one)) for one in found])

    async def show(request: Request) -> Response:
        found = await statuses.find(_task_id(request), actor_of(request))
        if not found:
            # The same for another's report: whether it exists is no business of this caller.
            raise NotFound(NO_REPORT)
        return JsonResponse(_shown(found))

    async def csv(request: Request) -> Response:
        found = await statuses.csv(_task_id(request), actor_of(request))
        if not found:
            message = "There is no such report, or none that is made and still kept."
            raise NotFound(message)
        headers = {
            "Content-Disposition": f'attachment; filename="{found.name}"',
            "Content-Length": str(found.length),
            "X-Content-Type-Options": "nosniff",
        }
        return StreamingResponse(found.parts, media_type="text/csv", headers=headers)

    async def cancel(request: Request) -> Response:
        task_id, actor = _task_id(request), actor_of(request)
        at_once = await control.cancel(task_id, actor)
        status = HTTPStatus.OK if at_once else HTTPStatus.ACCEPTED
        return JsonResponse(await _current(statuses, task_id, actor), status)

    async def replay(request: Request) -> Response:
        task_id, actor = _task_id(request), actor_of(request)
        await control.replay(task_id, actor)
        return JsonResponse(await _current(statuses, task_id, actor), HTTPStatus.ACCEPTED)

    return [
        Route("/reports", schedule, methods=["POST"]),
        Route("/reports", index, methods=["GET"]),
        Route("/reports/{task_id}", show, methods=["GET"]),
        Route("/reports/{task_id}/csv", csv, methods=["GET"]),
        Route("/reports/{task_id}/cancel", cancel, methods=["POST"]),
        Route("/reports/{task_id}/replay", replay, methods=["POST"]),
    ]


def idempotency_key(request: Request) -> str | None:
    """Return the request's Idempotency-Key, if it has one; raise `BadRequest` where it is unfit."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        message = "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces."
        raise BadRequest(message)
    return key


def url_of(request: Request, path: str) -> str:
    """Return the path as the client sees it."""
    return f"{request.scope.get('root_path', '')}{path}"


def page_response(query: PageQuery, rows: list[tuple[str, dict[str, Any]]]) -> Response:
    """Answer a page of `query.limit` rows; one row more than that tells of a next page."""
    shown = rows[: query.limit]
    next_cursor = shown[-1][0] if len(rows) > query.limit else None
    return JsonResponse({"items": [row for _, row in shown], "next_cursor": next_cursor})


async def _current(statuses: ReportStatuses, task_id: UUID, actor: str) -> dict[str, Any] | None:
    found = await statuses.find(task_id, actor)
    return _shown(found) if found else None


def _shown(found: ReportStatus) -> dict[str, Any]:
    return {
        "task_id": str(found.task_id),
        "status": found.status,
        "created_at": found.created_at,
        "finished_at": found.finished_at,
        "progress": {"rows_done": found.rows_done, "rows_total": found.rows_total},
        "cancel_requested": found.cancel_requested,
        "error_type": found.error_type,
        # asyncpg's own UUID, which orjson does not know.
        "schedule_id": None if found.schedule_id is None else str(found.schedule_id),
    }


def _status_filter(request: Request) -> Status | None:
    wanted = request.query_params.get("status")
    if wanted is not None and wanted not in STATUSES:
        message = f"One of {', '.join(STATUSES)}"
        raise InvalidFields([{"field": "status", "message": message}])
    return cast("Status | None", wanted)


def _task_id(request: Request) -> UUID:
    """Return the path's task ID, on the span as well; `NotFound` where it cannot be one."""
    try:
        task_id = UUID(request.path_params["task_id"])
    except ValueError:
        raise NotFound(NO_REPORT) from None
    trace.get_current_span().set_attribute(TASK_ID, str(task_id))
    return task_id
