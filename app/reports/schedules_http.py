"""Schedules over HTTP: `POST /report-schedules` adds one; list, show and delete."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.errors import InvalidFields, NotFound
from app.http.authentication import actor_of
from app.http.bodies import Body, Identifier, read_body
from app.http.responses import JsonResponse
from app.reports.cron import MAX_CRON, Cron, CronError, zone_of
from app.reports.http import Recipient, idempotency_key, page_response, url_of
from app.reports.paging import PageQuery
from app.reports.schedules import ReportSchedules, Schedule
from app.signals import SUBJECT_HASH
from telemetry.pseudonyms import Pseudonyms

_NO_SCHEDULE: Final = "There is no such schedule."


class ScheduleRequest(Body):
    """To whom the reports go, about whom, and when: a cron expression in a time zone."""

    recipient: Recipient
    user: Identifier | None = None
    cron: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CRON)]
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "UTC"


def routes(schedules: ReportSchedules, pseudonyms: Pseudonyms) -> list[Route]:
    """Return the routes of schedules; they want an authenticated caller."""

    async def create(request: Request) -> Response:
        wanted = await read_body(request, ScheduleRequest)
        if wanted.user is not None:
            pseudonyms.mark(SUBJECT_HASH, wanted.user)
        _require_readable(wanted)
        try:
            created = await schedules.create(
                *(wanted.recipient, wanted.user, wanted.cron, wanted.time_zone),
                idempotency_key(request),
                owned_by=actor_of(request),
            )
        except CronError as error:  # it can be read, and never falls due
            raise InvalidFields([{"field": "cron", "message": str(error)}]) from None
        location = url_of(request, f"/report-schedules/{created.id}")
        return JsonResponse(_shown(created), HTTPStatus.CREATED, {"Location": location})

    async def index(request: Request) -> Response:
        query = PageQuery.of(request)
        found = await schedules.page(actor_of(request), query.after, query.limit + 1)
        return page_response(query, [(one.place.cursor, _shown(one)) for one in found])

    async def show(request: Request) -> Response:
        found = await schedules.find(_schedule_id(request), actor_of(request))
        if found is None:
            raise NotFound(_NO_SCHEDULE)
        return JsonResponse(_shown(found))

    async def delete(request: Request) -> Response:
        if not await schedules.delete(_schedule_id(request), actor_of(request)):
            raise NotFound(_NO_SCHEDULE)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return [
        Route("/report-schedules", create, methods=["POST"]),
        Route("/report-schedules", index, methods=["GET"]),
        Route("/report-schedules/{schedule_id}", show, methods=["GET"]),
        Route("/report-schedules/{schedule_id}", delete, methods=["DELETE"]),
    ]


def _require_readable(wanted: ScheduleRequest) -> None:
    errors = []
    for field, read in (("cron", Cron.parse), ("time_zone", zone_of)):
        try:
            read(getattr(wanted, field))
        except CronError as error:
            errors.append({"field": field, "message": str(error)})
    if errors:
        raise InvalidFields(errors)


def _shown(schedule: Schedule) -> dict[str, Any]:
    return {
        "schedule_id": str(schedule.id),
        "recipient": schedule.recipient,
        "user": schedule.subject,
        "cron": schedule.cron,
        "time_zone": schedule.time_zone,
        "next_due": schedule.next_due,
        "last_due": schedule.last_due,
        "created_at": schedule.created_at,
    }


def _schedule_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["schedule_id"])
    except ValueError:
        raise NotFound(_NO_SCHEDULE) from None
