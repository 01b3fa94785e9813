"""Grants, and what they are inherited by: the operations; their shapes are in `grant_shapes`."""

from http import HTTPStatus
from typing import Any, Final

from app.http.bodies import Body
from app.http.grants import Grant
from app.http.openapi.grant_shapes import (
    GrantsPage,
    GrantsQuery,
    GroupGrantWritten,
    GroupMemberWritten,
    ImplicationsPage,
    ImplicationsQuery,
    ImplicationWritten,
    MembersPage,
    MembersQuery,
    PageOf,
    ParentsPage,
    ParentsQuery,
    ParentWritten,
    UserGrantWritten,
    UserMemberWritten,
)
from app.http.openapi.headers import CONSISTENCY_TOKEN
from app.http.openapi.operation import Answer, Link, Operation, Operations, Query
from app.http.openapi.refusals import INVALID, INVALID_QUERY, NOTHING_THERE, Refusal
from app.http.relations import Implication, Membership, Parent

_TAG: Final = "Grants and relations"
_SAME: Final = "Writing what is there already changes nothing and is a 200."
_ONE_OF: Final = "Exactly one of {} says what is listed."
_GONE: Final = Refusal(
    status=NOTHING_THERE.status, says="There was none.", headers=(CONSISTENCY_TOKEN,)
)


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
