"""Grants: `POST /grants` adds one, `DELETE /grants` revokes it."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.authorization.model import AccessQuery
from app.authorization.register import GrantRegister
from app.errors import NotFound
from app.http.authentication import Handler, actor_of
from app.http.bodies import Body, Identifier, read_body
from app.http.responses import JsonResponse
from app.signals import SUBJECT_HASH
from telemetry.pseudonyms import Pseudonyms


class Grant(Body):
    """The user may do the action to the resource."""

    user: Identifier
    resource: Identifier
    action: Identifier


def change(register: GrantRegister, pseudonyms: Pseudonyms) -> Handler:
    """Return the handler of `POST` and `DELETE /grants`."""

    async def handle(request: Request) -> Response:
        grant = await read_body(request, Grant)
        pseudonyms.mark(SUBJECT_HASH, grant.user)
        query = AccessQuery(grant.user, grant.resource, grant.action)
        if request.method == "POST":
            is_new = await register.grant(query, actor_of(request))
            return JsonResponse(grant.model_dump(), HTTPStatus.CREATED if is_new else HTTPStatus.OK)
        if not await register.revoke(query):
            message = "There is no such grant."
            raise NotFound(message)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return handle
