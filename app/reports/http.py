"""Reports over HTTP: `POST /reports` schedules one, `GET /reports/{task_id}` says how it stands."""

import re
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from opentelemetry import trace
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.errors import BadRequest, NotFound
from app.http.authentication import actor_of
from app.http.bodies import Body, Identifier, read_body
from app.http.responses import JsonResponse
from app.reports.address import recipient_address
from app.reports.scheduler import ReportScheduler
from app.reports.status import ReportStatuses
from app.signals import SUBJECT_HASH, TASK_ID
from telemetry.pseudonyms import Pseudonyms

_IDEMPOTENCY_KEY: Final = re.compile(r"[!-~]{1,255}")


def _recipient(value: str) -> str:
    try:
        return recipient_address(value)
    except ValueError:
        kind, message = "email_address", "String should be an e-mail address: name@domain"
        raise PydanticCustomError(kind, message) from None


class ReportRequest(Body):
    """To whom the report goes, and, where it is about one user only, which."""

    recipient: Annotated[str, AfterValidator(_recipient)]
    user: Identifier | None = None


def routes(
    scheduler: ReportScheduler, statuses: ReportStatuses, pseudonyms: Pseudonyms
) -> list[Route]:
    """Return the routes of reports; they want an authenticated caller."""

    async def schedule(request: Request) -> Response:
        wanted = await read_body(request, ReportRequest)
        if wanted.user is not None:
            pseudonyms.mark(SUBJECT_HASH, wanted.user)
        task_id = await scheduler.schedule_report(
            wanted.recipient,
            wanted.user,
            _idempotency_key(request),
            requested_by=actor_of(request),
        )
        url = f"{request.scope.get('root_path', '')}/reports/{task_id}"
        return JsonResponse(
            {"task_id": str(task_id), "status_url": url}, HTTPStatus.ACCEPTED, {"Location": url}
        )

    async def show(request: Request) -> Response:
        task_id = _task_id(request.path_params["task_id"])
        if task_id:
            trace.get_current_span().set_attribute(TASK_ID, str(task_id))
        found = task_id and await statuses.find(task_id, actor_of(request))
        if not found:
            # The same for another's report: whether it exists is no business of this caller.
            message = "There is no such report."
            raise NotFound(message)
        return JsonResponse(
            {
                "task_id": str(found.task_id),
                "status": found.status,
                "created_at": found.created_at,
                "finished_at": found.finished_at,
            }
        )

    return [
        Route("/reports", schedule, methods=["POST"]),
        Route("/reports/{task_id}", show, methods=["GET"]),
    ]


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        message = "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces."
        raise BadRequest(message)
    return key


def _task_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
