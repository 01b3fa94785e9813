"""Batches of users over HTTP: `POST /user-batches`, and below it status, failures and cancel.

202 means that the batch is on record and a worker will run it; what is done to each user is in
`app.batches.operations`.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.batches.operations import Operation
from app.batches.user_ledger import UserBatches, Wanted
from app.errors import Conflict, InvalidFields, NotFound
from app.http.authentication import actor_of
from app.http.bodies import Body, Identifier, read_body
from app.http.responses import JsonResponse
from app.reports.http import Recipient, idempotency_key, url_of

MOST_USERS: Final = 1_000
"""That one request names; `python -m app users` takes a file of any length."""

MOST_ROWS: Final = 500
_DEFAULT_ROWS: Final = 100
_MAX_CURSOR: Final = 1_100
_NO_BATCH: Final = "There is no such batch of users."


class UserBatch(Body):
    """What is to be done to whom; `all` is everybody in the directory."""

    operation: Literal["offboard", "review"]
    users: Annotated[list[Identifier], Field(min_length=1, max_length=MOST_USERS)] | Literal["all"]
    recipient: Recipient | None = None
    """To whom the reports of a review go."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.operation == "review") != (self.recipient is not None):
            kind, message = "recipient", "A review has a recipient, and nothing else has one"
            raise PydanticCustomError(kind, message)
        if self.operation == "offboard" and self.users == "all":
            kind, message = "users", "Only those who are named can be offboarded"
            raise PydanticCustomError(kind, message)
        return self


def routes(batches: UserBatches) -> list[Route]:
    """Return the routes of batches of users; they want an authenticated caller."""
    handlers = _Handlers(batches)
    return [
        Route("/user-batches", handlers.accept, methods=["POST"]),
        Route("/user-batches/{task_id}", handlers.show, methods=["GET"]),
        Route("/user-batches/{task_id}/failures", handlers.failures, methods=["GET"]),
        Route("/user-batches/{task_id}/cancel", handlers.cancel, methods=["POST"]),
    ]


class _Handlers:
    def __init__(self, batches: UserBatches) -> None:
        self._batches = batches

    async def accept(self, request: Request) -> Response:
        """Answer `POST /user-batches`."""
        asked = await read_body(request, UserBatch)
        named = None if asked.users == "all" else sorted(set(asked.users))
        wanted = Wanted(
            operation=Operation(asked.operation),
            recipient=asked.recipient,
            names=None if named is None else _in_one_piece(named),
            requested_by=actor_of(request),
            idempotency_key=idempotency_key(request),
            names_hash=hashlib.sha256(json.dumps(named).encode()).digest(),
        )
        task_id = await self._batches.accept(wanted)
        url = url_of(request, f"/user-batches/{task_id}")
        return JsonResponse(
            {"task_id": str(task_id), "status_url": url}, HTTPStatus.ACCEPTED, {"Location": url}
        )

    async def show(self, request: Request) -> Response:
        """Answer `GET /user-batches/{task_id}`."""
        _, status = await self._known(request)
        return JsonResponse(status)

    async def failures(self, request: Request) -> Response:
        """Answer `GET /user-batches/{task_id}/failures`."""
        limit, after = _limit(request), _cursor(request)
        task_id, _ = await self._known(request)
        rows = await self._batches.failures(task_id, after, limit + 1)
        following = _as_cursor(rows[limit - 1]["user"]) if len(rows) > limit else None
        return JsonResponse({"items": rows[:limit], "next_cursor": following})

    async def cancel(self, request: Request) -> Response:
        """Answer `POST /user-batches/{task_id}/cancel`."""
        task_id, _ = await self._known(request)
        if not await self._batches.cancel(task_id, actor_of(request)):
            message = "The batch is at its end already."
            raise Conflict(message)
        _, status = await self._known(request)
        at_once = status["status"] == "cancelled"
        return JsonResponse(status, HTTPStatus.OK if at_once else HTTPStatus.ACCEPTED)

    async def _known(self, request: Request) -> tuple[UUID, dict[str, object]]:
        # The same for another's batch: whether it exists is no business of this caller.
        try:
            task_id = UUID(request.path_params["task_id"])
        except ValueError:
            raise NotFound(_NO_BATCH) from None
        status = await self._batches.status(task_id, actor_of(request))
        if status is None:
            raise NotFound(_NO_BATCH)
        return task_id, status


async def _in_one_piece(names: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    yield names


def _limit(request: Request) -> int:
    sent = request.query_params.get("limit", str(_DEFAULT_ROWS))
    limit = int(sent) if sent.isascii() and sent.isdecimal() and len(sent) <= len("500") else 0
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidFields([{"field": "limit", "message": f"From 1 to {MOST_ROWS}"}])
    return limit


def _as_cursor(user: str) -> str:
    return urlsafe_b64encode(user.encode()).decode().rstrip("=")


def _cursor(request: Request) -> str:
    sent = request.query_params.get("cursor", "")
    try:
        user = urlsafe_b64decode(sent[:_MAX_CURSOR] + "=" * (-len(sent) % 4)).decode()
    except ValueError:
        user = "\0"
    if "\0" in user or _as_cursor(user) != sent:
        message = "Not a cursor of this listing"
        raise InvalidFields([{"field": "cursor", "message": message}])
    return user
