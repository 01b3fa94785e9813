"""Errors that know their HTTP status; `app.http.problems` renders them as RFC 9457 problems.

An expected failure is one of these and never a 500. Details are ours: they carry no input value,
no SQL and no setting, so they may be shown to any caller.
"""
# ruff: noqa: N818  # named as HTTP names the status; the base class says that they are errors

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar


class ProblemError(Exception):
    """An expected failure; `detail` is one sentence for the caller."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    type: ClassVar[str] = "about:blank"

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})

    @property
    def title(self) -> str:
        """The kind of problem in words; the status' phrase for `about:blank` (RFC 9457, 4.2.1)."""
        return self.status.phrase

    @property
    def extensions(self) -> Mapping[str, object]:
        """Further members of the problem's JSON object."""
        return {}


class BadRequest(ProblemError):
    """The request cannot be read."""

    status = HTTPStatus.BAD_REQUEST


class Unauthorized(ProblemError):
    """The request carries no known API key."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="sightline"'})


class Forbidden(ProblemError):
    """The key is known, and has none of the roles that this takes."""

    status = HTTPStatus.FORBIDDEN


class RequestTimeout(ProblemError):
    """The client took too long to send the request."""

    status = HTTPStatus.REQUEST_TIMEOUT

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Connection": "close"})


class TooManyRequests(ProblemError):
    """The caller has used up its share; asking again in `retry_after` s may do."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    type = "https://iana.org/assignments/http-problem-types#quota-exceeded"

    def __init__(self, detail: str, *, retry_after: int, policy: str) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
        self.policy = policy

    @property
    def title(self) -> str:
        """The kind of problem in words."""
        return "Quota exceeded"

    @property
    def extensions(self) -> Mapping[str, object]:
        """The quotas that were exceeded, as the IETF's RateLimit draft names the member."""
        return {"violated-policies": [self.policy]}


class NotFound(ProblemError):
    """What the request names does not exist."""

    status = HTTPStatus.NOT_FOUND


class Conflict(ProblemError):
    """The request contradicts what is on record."""

    status = HTTPStatus.CONFLICT


class PayloadTooLarge(ProblemError):
    """The body is longer than the service reads."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(ProblemError):
    """The body is not declared as JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class InvalidFields(ProblemError):
    """The body is JSON, but not of the expected form; `errors` has a field and a reason each."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    type = "tag:sightline.example,2026:invalid-fields"

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__("The body has invalid or missing fields; see errors.")
        self.errors = tuple(errors)

    @property
    def title(self) -> str:
        """The kind of problem in words."""
        return "Invalid fields"

    @property
    def extensions(self) -> Mapping[str, object]:
        """The fields that are wrong."""
        return {"errors": self.errors}


class Unavailable(ProblemError):
    """Something the service needs is away or too busy; asking again in `retry_after` s may do."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


class PoolExhausted(Unavailable):
    """All connections of the database pool were in use; the database itself may be well."""


class StartupError(Exception):
    """The process cannot start; the message is one line for the person who started it."""


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line that names it, never its value."""
