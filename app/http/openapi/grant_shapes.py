"""What lists of grants and relations take, and what is answered of them; used by `about_grants`."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.authorization.listing import MOST_ROWS
from app.http.bodies import Identifier
from app.http.openapi.operation import Query, Shown


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
