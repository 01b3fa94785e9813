"""Grants, and what they are inherited by."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import Field

from app.authorization.listing import MOST_ROWS
from app.http.bodies import Body, Identifier
from app.http.grants import Grant
from app.http.openapi.headers import CONSISTENCY_TOKEN
from app.http.openapi.operation import Answer, Link, Operation, Operations, Query, Shown
from app.http.openapi.refusals import INVALID, INVALID_QUERY, NOTHING_THERE, Refusal
from app.http.relations import Implication, Membership, Parent

_TAG: Final = "Grants and relations"
_SAME: Final = "Writing what is there already changes nothing and is a 200."
_ONE_OF: Final = "Exactly one of {} says what is listed."
_GONE: Final = Refusal(
    status=NOTHING_THERE.status, says="There was none.", headers=(CONSISTENCY_TOKEN,)
)


class PageQuery(Query):
    """The query of a page."""

    cursor: str | None = None
    """The `next_cursor` of the page before, of the same list."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100


class GrantsQuery(PageQuery):
    """Whose grants, or those for what."""

    user: Identifier | None = None
    group: Identifier | None = None
    resource: Identifier | None = None


class MembersQuery(PageQuery):
    """The members of a group, or the groups that one is in."""

    group: Identifier | None = None
    user: Identifier | None = None
    member_group: Identifier | None = None


class ParentsQuery(PageQuery):
    """What is above a resource, or what is below a parent."""

    resource: Identifier | None = None
    parent: Identifier | None = None


class ImplicationsQuery(PageQuery):
    """What implies an action."""

    action: Identifier


class WithToken(Shown):
    """The token of the write."""

    consistency_token: str


class UserGrantWritten(WithToken):
    """A user's grant that now is on record."""

    user: str
    resource: str
    action: str


class GroupGrantWritten(WithToken):
    """A group's grant that now is on record."""

    group: str
    resource: str
    action: str


class UserMemberWritten(WithToken):
    """A user's membership that now is on record."""

    group: str
    user: str


class GroupMemberWritten(WithToken):
    """A group's membership that now is on record."""

    group: str
    member_group: str


class ParentWritten(WithToken):
    """A parent that now is on record."""

    resource: str
    parent: str


class ImplicationWritten(WithToken):
    """An implication that now is on record."""

    action: str
    implied_by: str


class Granted(Shown):
    """Who granted, and when."""

    granted_by: str
    granted_at: datetime


class UserGrant(Granted):
    """A grant to a user."""

    user: str
    resource: str
    action: str


class GroupGrantShown(Granted):
    """A grant to a group."""

    group: str
    resource: str
    action: str


class Added(Shown):
    """Who added it, and when."""

    added_by: str
    added_at: datetime


class UserListed(Added):
    """A user who is in the group."""

    user: str


class MemberGroupListed(Added):
    """A group that is in the group."""

    member_group: str


class GroupListed(Added):
    """A group that the member is in."""

    group: str


class ParentListed(Added):
    """What the resource is under."""

    parent: str


class ResourceListed(Added):
    """What is under the parent."""

    resource: str


class ImplyingListed(Added):
    """An action that implies the one asked for."""

    implied_by: str


class PageOf(Shown):
    """A page; `next_cursor` is null after the last."""

    next_cursor: str | None


class GrantsPage(PageOf):
    """A page of grants."""

    items: list[UserGrant | GroupGrantShown]


class MembersPage(PageOf):
    """A page of members, or of groups."""

    items: list[UserListed | MemberGroupListed | GroupListed]


class ParentsPage(PageOf):
    """A page of parents, or of what is below one."""

    items: list[ParentListed | ResourceListed]


class ImplicationsPage(PageOf):
    """A page of implying actions."""

    items: list[ImplyingListed]


def _three(  # noqa: PLR0913  # what differs between them
    *,
    path: str,
    noun: str,
    body: type[Body],
    example: dict[str, Any],
    written: Any,  # noqa: ANN401  # a union of models is of no one type
    query: type[Query],
    page: type[PageOf],
    names: tuple[str, ...],
) -> Operations:
    """Describe `POST`, `DELETE` and `GET` of a path."""
    token = (CONSISTENCY_TOKEN,)
    word = noun.replace(" ", "_")
    next_page = Link(
        operation=f"list_{word}s",
        parameters={
            names[0]: f"$request.query.{names[0]}",
            "cursor": "$response.body#/next_cursor",
        },
    )
    return {
        ("POST", path): Operation(
            id=f"add_{word}",
            tag=_TAG,
            summary=f"Add a {noun}",
            text=f"{body.__doc__} {_SAME}",
            body=body,
            example=example,
            answers=(
                Answer(status=HTTPStatus.CREATED, says="It is new.", body=written, headers=token),
                Answer(says="It was there.", body=written, headers=token),
            ),
            refusals=(INVALID,),
        ),
        ("DELETE", path): Operation(
            id=f"remove_{word}",
            tag=_TAG,
            summary=f"Remove a {noun}",
            text="The body is the one that added it.",
            body=body,
            example=example,
            answers=(Answer(status=HTTPStatus.NO_CONTENT, says="It is gone.", headers=token),),
            refusals=(INVALID, _GONE),
        ),
        ("GET", path): Operation(
            id=f"list_{word}s",
            tag=_TAG,
            summary=f"List {noun}s",
            text=_ONE_OF.format(", ".join(f"`{name}`" for name in names)),
            query=query,
            answers=(
                Answer(
                    says="A page.",
                    body=page,
                    # A link cannot say that it repeats whichever of several was sent.
                    links={"next": next_page} if len(names) == 1 else {},
                ),
            ),
            refusals=(INVALID_QUERY,),
        ),
    }


OPERATIONS: Final[Operations] = {
    **_three(
        path="/grants",
        noun="grant",
        body=Grant,
        example={"user": "alice", "resource": "account:7", "action": "view"},
        written=UserGrantWritten | GroupGrantWritten,
        query=GrantsQuery,
        page=GrantsPage,
        names=("user", "group", "resource"),
    ),
    **_three(
        path="/groups/members",
        noun="group member",
        body=Membership,
        example={"group": "tellers", "user": "alice"},
        written=UserMemberWritten | GroupMemberWritten,
        query=MembersQuery,
        page=MembersPage,
        names=("group", "user", "member_group"),
    ),
    **_three(
        path="/resources/parents",
        noun="resource parent",
        body=Parent,
        example={"resource": "account:7", "parent": "branch:3"},
        written=ParentWritten,
        query=ParentsQuery,
        page=ParentsPage,
        names=("resource", "parent"),
    ),
    **_three(
        path="/actions/implications",
        noun="action implication",
        body=Implication,
        example={"action": "view", "implied_by": "edit"},
        written=ImplicationWritten,
        query=ImplicationsQuery,
        page=ImplicationsPage,
        names=("action",),
    ),
}
