"""Every error as an RFC 9457 problem, with the correlation ID that finds its trace and its line.

Nothing is logged here: the telemetry middleware, outside, writes one line a request.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Match, Route

from app.errors import ProblemError
from app.http.responses import ProblemResponse
from telemetry.context import correlation_id

ECHO = "echo"
"""Where a request's state keeps the headers that any problem answers with as well."""

_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this path.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take that method; see the Allow header.",
}


def exception_handlers() -> dict[Any, Any]:
    """Return the handlers, for Starlette's `exception_handlers`."""
    return {
        ProblemError: _expected,
        HTTPException: _routing,
        Exception: _unexpected,
    }


async def _expected(request: Request, error: ProblemError) -> ProblemResponse:
    return _problem(
        error.status,
        error.detail,
        type=error.type,
        title=error.title,
        extensions=error.extensions,
        headers={**error.headers, **_echo(request)},
    )


async def _routing(request: Request, error: HTTPException) -> ProblemResponse:
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    return _problem(status, _DETAILS.get(status, status.description), headers=headers)


def _methods_at(request: Request) -> set[str]:
    """Return the methods of every route with the request's path; Starlette tells those of one."""
    at_path = (
        route.methods or set()
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    )
    return set().union(*at_path)


async def _unexpected(request: Request, _: Exception) -> ProblemResponse:
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong here; quote the correlation ID when you report it.",
        headers=_echo(request),
    )


def _echo(request: Request) -> Mapping[str, str]:
    echo: Mapping[str, str] = getattr(request.state, ECHO, {})
    return echo


def _problem(  # noqa: PLR0913  # the members of a problem
    status: HTTPStatus,
    detail: str,
    *,
    type: str = "about:blank",  # noqa: A002  # RFC 9457 names it so
    title: str | None = None,
    extensions: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    body = {
        "type": type,
        "title": title or status.phrase,
        "status": status.value,
        "detail": detail,
        "correlation_id": correlation_id(),
        **(extensions or {}),
    }
    return ProblemResponse(body, status.value, headers)
