"""The form in which an operation is described: what goes in, and each way in which it can end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from app.http.openapi.refusals import Refusal

Form = Any
"""A type that pydantic makes a schema of: a model, or a union of models."""

JSON: Final = "application/json"


class Shown(BaseModel):
    """What an answer's JSON holds. Nothing is made from it at run time; the tests hold it true."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Query(BaseModel):
    """What a query holds. The handlers read it by themselves; the tests hold this true as well."""

    model_config = ConfigDict(use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An operation that can follow, and where its parameters are found in this answer."""

    operation: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One good end. `body` is None where there is none; of other content than JSON, a schema."""

    status: HTTPStatus = HTTPStatus.OK
    says: str
    body: Form | None = None
    media_type: str = JSON
    headers: tuple[str, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method does at one path.

    `raw` has a schema for each media type of a body that is no JSON. `refusals` are those beside
    what every operation can end in; see `app.http.openapi.refusals`.
    """

    id: str
    tag: str
    summary: str
    text: str = ""
    query: type[Query] | None = None
    headers: tuple[str, ...] = ()
    body: Form | None = None
    raw: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    example: Mapping[str, Any] | None = None
    answers: tuple[Answer, ...]
    refusals: tuple[Refusal, ...] = ()
    echoes_request_id: bool = False
    """As AuthZEN has it; wrong fields are then a 400."""


Operations = Mapping[tuple[str, str], Operation]
"""By method and path."""
