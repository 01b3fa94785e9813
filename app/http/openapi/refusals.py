"""Each way in which a request is refused, as its RFC 9457 problem."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.authorization.limits import GraphTooLarge, Limit
from app.authorization.tokens import UnknownState
from app.errors import InvalidFields, ProblemError, TooManyRequests


class Problem(BaseModel):
    """A refusal or a failure (RFC 9457). `type` tells kinds apart, `status` repeats the status."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    correlation_id: str | None = None
    """Finds the request's trace and log lines; left out where the request's head was refused."""


class WrongField(BaseModel):
    """A field, or a query parameter, and what it should be; never what was sent."""

    field: str
    message: str


class InvalidFieldsProblem(Problem):
    """The request can be read, and is not of the expected form."""

    type: Literal["tag:sightline.example,2026:invalid-fields"]
    errors: list[WrongField]


class QuotaProblem(Problem):
    """Too many requests: of one key, or without a valid key from one address."""

    type: Literal["https://iana.org/assignments/http-problem-types#quota-exceeded"]
    violated_policies: Annotated[list[str], Field(alias="violated-policies")]


class GraphProblem(Problem):
    """The permission is not known: the graph goes on further than one check follows it."""

    type: Literal["tag:sightline.example,2026:graph-too-large"]
    limit: Limit


class UnknownStateProblem(Problem):
    """The token is of a write that is not on record, as after a backup was restored."""

    type: Literal["tag:sightline.example,2026:unknown-state"]
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A status, what it means, the form of its problem and the headers that it has."""

    status: HTTPStatus
    says: str
    body: type[Problem] = Problem
    headers: tuple[str, ...] = ()


MALFORMED: Final = Refusal(
    status=HTTPStatus.BAD_REQUEST, says="Cannot be read: no HTTP, no JSON, no such cursor or token."
)
INVALID_QUERY: Final = Refusal(
    status=HTTPStatus.UNPROCESSABLE_ENTITY,
    says="A query parameter is wrong or missing.",
    body=InvalidFieldsProblem,
)
INVALID: Final = Refusal(
    status=InvalidFields.status, says="Fields are wrong or missing.", body=InvalidFieldsProblem
)
INVALID_EVALUATION: Final = Refusal(
    status=HTTPStatus.BAD_REQUEST, says="Fields are wrong or missing.", body=InvalidFieldsProblem
)
TOO_DEEP: Final = Refusal(
    status=GraphTooLarge.status, says="The graph is too large.", body=GraphProblem
)
UNKNOWN_STATE: Final = Refusal(
    status=UnknownState.status,
    says="The token's write is not on record.",
    body=UnknownStateProblem,
)
NO_KEY: Final = Refusal(
    status=HTTPStatus.UNAUTHORIZED, says="No valid API key.", headers=("WWW-Authenticate",)
)
NO_ROLE: Final = Refusal(
    status=HTTPStatus.FORBIDDEN,
    says="The key has none of the roles that this takes.",
    headers=("WWW-Authenticate",),
)
TOO_OFTEN: Final = Refusal(
    status=TooManyRequests.status,
    says="Too many requests.",
    body=QuotaProblem,
    headers=("Retry-After",),
)
TOO_SLOW: Final = Refusal(
    status=HTTPStatus.REQUEST_TIMEOUT, says="The request did not arrive in time."
)
HEAD_TOO_LONG: Final = Refusal(
    status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    says="The request's line and headers are too long.",
)
TOO_LARGE: Final = Refusal(
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, says="The body is too large."
)
WRONG_MEDIA_TYPE: Final = Refusal(
    status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, says="The body is of another media type."
)
NOTHING_THERE: Final = Refusal(
    status=HTTPStatus.NOT_FOUND, says="There is none, or it is another key's."
)
CONFLICT: Final = Refusal(
    status=HTTPStatus.CONFLICT, says="Contradicts what is on record; `detail` says how."
)
FAILED: Final = Refusal(
    status=ProblemError.status, says="Something went wrong here; quote the correlation ID."
)
UNAVAILABLE: Final = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    says="The service, or what it needs, is away or too busy.",
    headers=("Retry-After",),
)

EVERYWHERE: Final = (MALFORMED, TOO_SLOW, HEAD_TOO_LONG, FAILED, UNAVAILABLE)
BEHIND_A_KEY: Final = (NO_KEY, NO_ROLE, TOO_OFTEN)
WITH_A_BODY: Final = (TOO_LARGE, WRONG_MEDIA_TYPE)
