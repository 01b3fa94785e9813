"""The bodies of AuthZEN 1.0, and the question that each comes to."""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.authorization.model import AccessQuery, Consistency
from app.authorization.questions import MOST_CHECKS
from app.errors import InvalidFields
from app.http.bodies import Identifier, field_errors

_USER_TYPE: Final = "user"
_MAX_RESOURCE: Final = 256
_REQUIRED: Final = {"subject": ("type", "id"), "action": ("name",), "resource": ("type", "id")}


class Semantic(StrEnum):
    """How far a list of evaluations is gone through."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"


class InvalidItem(Exception):  # noqa: N818  # no error of ours: it becomes a part of the answer
    """One of the evaluations is not an object; `detail` says so."""

    detail = "An evaluation must be an object."


class _AuthZen(BaseModel):
    """AuthZEN objects may carry properties and more; what decides here is in the named fields."""

    model_config = ConfigDict(
        strict=True,
        extra="ignore",
        frozen=True,
        json_schema_extra={"additionalProperties": True},
    )


class _Subject(_AuthZen):
    type: Identifier
    id: Identifier
    properties: dict[str, Any] = {}


class _Action(_AuthZen):
    name: Identifier
    properties: dict[str, Any] = {}


class _Resource(_AuthZen):
    # Without a colon in the type, no two resources share the name `type:id`.
    type: Annotated[
        Identifier,
        StringConstraints(pattern=r"^[^:]*$"),
        Field(json_schema_extra={"pattern": r"^[^:\u0000-\u001f\u007f-\u009f]*$"}),
    ]
    id: Identifier
    properties: dict[str, Any] = {}


class Evaluation(_AuthZen):
    """AuthZEN 1.0, "Access Evaluation API": the request."""

    subject: _Subject
    action: _Action
    resource: _Resource
    context: dict[str, Any] = {}


class _Options(_AuthZen):
    evaluations_semantic: Annotated[Semantic, Field(strict=False)] = Semantic.EXECUTE_ALL


class Evaluations(_AuthZen):
    """AuthZEN 1.0, "Access Evaluations API": defaults, and the evaluations that they are for.

    An item of the list that is wrong fails alone, so items are looked at one by one, later.
    """

    subject: dict[str, Any] | None = None
    action: dict[str, Any] | None = None
    resource: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    evaluations: Annotated[list[Any], Field(max_length=MOST_CHECKS)] = []
    options: _Options = _Options()


def evaluation_of(asked: Evaluations, item: object) -> Evaluation:
    """Return an item with its defaults: an object replaces one, but for the fields it must have.

    Raises `InvalidItem` for what is no object, `InvalidFields` for what is incomplete even so.
    """
    if not isinstance(item, dict):
        raise InvalidItem
    whole: dict[str, Any] = {}
    for name, required in _REQUIRED.items():
        default, own = getattr(asked, name), item.get(name)
        if isinstance(default, dict) and isinstance(own, dict):
            inherited = {field: default[field] for field in required if field in default}
            whole[name] = inherited | own
        elif name in item or default is not None:
            whole[name] = own if name in item else default
    whole["context"] = item.get("context", asked.context or {})
    try:
        return Evaluation.model_validate(whole)
    except ValidationError as error:
        raise InvalidFields(field_errors(error)) from None


def query_of(asked: Evaluation, consistency: Consistency) -> AccessQuery | None:
    """Return the question; None where the subject is no user: no other can have a grant.

    Raises `InvalidFields` for a resource whose name would be too long.
    """
    resource = f"{asked.resource.type}:{asked.resource.id}"
    if len(resource) > _MAX_RESOURCE:
        raise InvalidFields([{"field": "resource.id", "message": "String is too long"}])
    if asked.subject.type != _USER_TYPE:
        return None
    return AccessQuery(asked.subject.id, resource, asked.action.name, consistency)
