"""What grants are inherited by: each path takes `POST` to add, `DELETE` to remove, `GET` to list.

`/groups/members`: who is in a group. `/resources/parents`: what a resource is under.
`/actions/implications`: which action comes with another.
"""

from collections.abc import Mapping
from typing import Final, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.authorization.listing import GraphListing
from app.authorization.register import GrantRegister, Relation, RelationKind
from app.database import relations_pages
from app.database.relations_pages import Listing
from app.http.authentication import Handler, actor_of
from app.http.bodies import Body, Identifier, read_body
from app.http.grants import added, removed
from app.http.one_of import exactly_one_of
from app.http.paging import listed, page_of
from app.signals import SUBJECT_HASH
from telemetry.pseudonyms import Pseudonyms

_MEMBERS: Final[dict[str, Listing]] = {
    "group": relations_pages.MEMBERS,
    "user": relations_pages.GROUPS_OF_USER,
    "member_group": relations_pages.GROUPS_OF_GROUP,
}
_PARENTS: Final[dict[str, Listing]] = {
    "resource": relations_pages.PARENTS,
    "parent": relations_pages.CHILDREN,
}
_IMPLICATIONS: Final[dict[str, Listing]] = {"action": relations_pages.IMPLYING}


class _RelationBody(Body):
    def to_relation(self) -> Relation:
        """Return the relation as the register takes it."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _relates_two(self) -> Self:
        relation = self.to_relation()
        if relation.below == relation.above and (
            relation.kind is not RelationKind.MEMBERSHIP or relation.below_is_group
        ):
            kind = "itself"
            message = "Nothing is a member, a parent or a consequence of itself"
            raise PydanticCustomError(kind, message)
        return self


class Membership(_RelationBody):
    """The user, or each member of the other group, is in the group."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("user", "member_group"))

    group: Identifier
    user: Identifier | None = None
    member_group: Identifier | None = None

    def to_relation(self) -> Relation:
        """Return the relation as the register takes it."""
        if (self.user is None) == (self.member_group is None):
            kind = "one_member"
            message = "Exactly one of user and member_group is required"
            raise PydanticCustomError(kind, message)
        if self.user is not None:
            return Relation(RelationKind.MEMBERSHIP, self.user, self.group)
        return Relation(
            RelationKind.MEMBERSHIP, self.member_group or "", self.group, below_is_group=True
        )


class Parent(_RelationBody):
    """Whoever may do something to the parent may do it to the resource."""

    resource: Identifier
    parent: Identifier

    def to_relation(self) -> Relation:
        """Return the relation as the register takes it."""
        return Relation(RelationKind.PARENT, self.resource, self.parent)


class Implication(_RelationBody):
    """Whoever may do `implied_by` to a resource may do `action` to it."""

    action: Identifier
    implied_by: Identifier

    def to_relation(self) -> Relation:
        """Return the relation as the register takes it."""
        return Relation(RelationKind.IMPLICATION, self.action, self.implied_by)


def routes(register: GrantRegister, listing: GraphListing, pseudonyms: Pseudonyms) -> list[Route]:
    """Return the three paths; they want a key."""

    def route(path: str, body: type[_RelationBody], listings: Mapping[str, Listing]) -> Route:
        handler = _handler(register, listing, pseudonyms, body, listings)
        return Route(path, handler, methods=["GET", "POST", "DELETE"])

    return [
        route("/groups/members", Membership, _MEMBERS),
        route("/resources/parents", Parent, _PARENTS),
        route("/actions/implications", Implication, _IMPLICATIONS),
    ]


def _handler(
    register: GrantRegister,
    listing: GraphListing,
    pseudonyms: Pseudonyms,
    body: type[_RelationBody],
    listings: Mapping[str, Listing],
) -> Handler:
    async def handle(request: Request) -> Response:
        if request.method not in {"POST", "DELETE"}:
            kind, of = listed(request, listings)
            if kind == "user":
                pseudonyms.mark(SUBJECT_HASH, of)
            return await page_of(listing, request, listings[kind], of)
        asked = await read_body(request, body)
        relation = asked.to_relation()
        if relation.kind is RelationKind.MEMBERSHIP and not relation.below_is_group:
            pseudonyms.mark(SUBJECT_HASH, relation.below)
        if request.method == "POST":
            return added(asked, await register.relate(relation, actor_of(request)))
        return removed(
            await register.unrelate(relation, actor_of(request)), "There is no such relation."
        )

    return handle
