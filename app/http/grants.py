"""Grants: `POST /grants` adds one, `DELETE /grants` revokes it, `GET /grants` lists them."""

from http import HTTPStatus
from typing import Final, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response

from app.authorization.listing import GraphListing
from app.authorization.model import AccessQuery, GroupGrant
from app.authorization.register import GrantRegister, Written
from app.authorization.tokens import HEADER
from app.database.relations_pages import (
    GRANTS_OF_GROUP,
    GRANTS_OF_RESOURCE,
    GRANTS_OF_USER,
    Listing,
)
from app.errors import NotFound
from app.http.authentication import Handler, actor_of
from app.http.bodies import Body, Identifier, read_body
from app.http.one_of import exactly_one_of
from app.http.paging import listed, page_of
from app.http.responses import JsonResponse
from app.signals import SUBJECT_HASH
from telemetry.pseudonyms import Pseudonyms

_LISTINGS: Final[dict[str, Listing]] = {
    "user": GRANTS_OF_USER,
    "group": GRANTS_OF_GROUP,
    "resource": GRANTS_OF_RESOURCE,
}


class Grant(Body):
    """The user, or each member of the group, may do the action to the resource."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("user", "group"))

    user: Identifier | None = None
    group: Identifier | None = None
    resource: Identifier
    action: Identifier

    @model_validator(mode="after")
    def _has_one_holder(self) -> Self:
        if (self.user is None) == (self.group is None):
            kind = "one_holder"
            message = "Exactly one of user and group is required"
            raise PydanticCustomError(kind, message)
        return self

    def to_record(self) -> AccessQuery | GroupGrant:
        """Return the grant as the register takes it."""
        if self.group is not None:
            return GroupGrant(self.group, self.resource, self.action)
        return AccessQuery(self.user or "", self.resource, self.action)


def change(register: GrantRegister, listing: GraphListing, pseudonyms: Pseudonyms) -> Handler:
    """Return the handler of `POST`, `DELETE` and `GET /grants`."""

    async def handle(request: Request) -> Response:
        if request.method not in {"POST", "DELETE"}:
            kind, of = listed(request, _LISTINGS)
            if kind == "user":
                pseudonyms.mark(SUBJECT_HASH, of)
            return await page_of(listing, request, _LISTINGS[kind], of)
        grant = await read_body(request, Grant)
        if grant.user is not None:
            pseudonyms.mark(SUBJECT_HASH, grant.user)
        if request.method == "POST":
            return added(grant, await register.grant(grant.to_record(), actor_of(request)))
        return removed(
            await register.revoke(grant.to_record(), actor_of(request)), "There is no such grant."
        )

    return handle


def added(body: Body, written: Written) -> Response:
    """Answer what now is on record, with the write's token: 201 where it is new, else 200."""
    return JsonResponse(
        {**body.model_dump(exclude_none=True), "consistency_token": written.token},
        HTTPStatus.CREATED if written else HTTPStatus.OK,
        {HEADER: written.token},
    )


def removed(written: Written, nothing: str) -> Response:
    """Answer 204 with the write's token; raises `NotFound`, saying `nothing`, where none was."""
    if not written:
        raise NotFound(nothing, headers={HEADER: written.token})
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={HEADER: written.token})
