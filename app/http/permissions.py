"""The checks: `POST /permissions/check`, and OpenID AuthZEN 1.0's `POST /access/v1/evaluation`."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from app.authorization.service import AuthorizationService
from app.errors import InvalidFields
from app.http.authentication import Handler
from app.http.bodies import Body, Identifier, read_body
from app.http.responses import JsonResponse

_USER_TYPE = "user"
_MAX_RESOURCE = 256


class Check(Body):
    """May the user do the action to the resource."""

    user: Identifier
    resource: Identifier
    action: Identifier


class _AuthZen(BaseModel):
    """AuthZEN objects may carry properties and more; what decides here is in the named fields."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Subject(_AuthZen):
    type: Identifier
    id: Identifier
    properties: dict[str, Any] = {}


class _Action(_AuthZen):
    name: Identifier
    properties: dict[str, Any] = {}


class _Resource(_AuthZen):
    # Without a colon in the type, no two resources share the name `type:id`.
    type: Annotated[Identifier, StringConstraints(pattern=r"^[^:]*$")]
    id: Identifier
    properties: dict[str, Any] = {}


class Evaluation(_AuthZen):
    """AuthZEN 1.0, "Access Evaluation API": the request."""

    subject: _Subject
    action: _Action
    resource: _Resource
    context: dict[str, Any] = {}


def check(authorization: AuthorizationService) -> Handler:
    """Return the handler of `POST /permissions/check`."""

    async def handle(request: Request) -> Response:
        asked = await read_body(request, Check)
        decision = await authorization.check_permission(asked.user, asked.resource, asked.action)
        return JsonResponse({"allowed": decision.allowed, "source": decision.source})

    return handle


def evaluate(authorization: AuthorizationService) -> Handler:
    """Return the handler of `POST /access/v1/evaluation`."""

    async def handle(request: Request) -> Response:
        asked = await read_body(request, Evaluation)
        resource = f"{asked.resource.type}:{asked.resource.id}"
        if len(resource) > _MAX_RESOURCE:
            raise InvalidFields([{"field": "resource.id", "message": "String is too long"}])
        if asked.subject.type != _USER_TYPE:
            return JsonResponse({"decision": False})  # grants are for users: no other has any
        decision = await authorization.check_permission(
            asked.subject.id, resource, asked.action.name
        )
        return JsonResponse({"decision": decision.allowed})

    return handle
