"""Request bodies: bounded while they arrive, then checked against a model.

What is wrong is said by field; what was sent is never echoed.
"""

import asyncio
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from app.errors import (
    BadRequest,
    InvalidFields,
    PayloadTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

MAX_BODY_BYTES: Final = 64 * 1024
BODY_SECONDS: Final = "body_seconds"
"""Where the application's state keeps how long a client may take to send a body."""

BODY_IS_HERE: Final = "sightline.body_is_here"
"""In the scope of a request whose body had arrived with its head (`app.http.protocol`)."""

_USUAL_SECONDS: Final = 10.0
_MAX_ERRORS: Final = 20
_DISCONNECT: Final = "http.disconnect"
MAX_IDENTIFIER_BYTES: Final = 768
"""What an index can hold of each of three names; 256 characters of most scripts are less."""
_UNFIT_CATEGORIES: Final = frozenset(("Cc", "Cs"))


class Body(BaseModel):
    """A JSON object that a handler takes: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _fit_to_store(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value  # as nearly every name is; a byte a character is within the bound
    if any(unicodedata.category(character) in _UNFIT_CATEGORIES for character in value):
        kind = "control_characters"
        message = "String should have no control characters"
        raise PydanticCustomError(kind, message)
    if len(value.encode()) > MAX_IDENTIFIER_BYTES:
        kind = "too_many_bytes"
        message = "String should have at most 768 bytes"
        raise PydanticCustomError(kind, message)
    return value


NO_CONTROLS: Final = r"^[^\u0000-\u001f\u007f-\u009f]*$"
"""`_fit_to_store` in JSON Schema, which has no word for bytes; the document's text has it."""

Identifier = Annotated[
    str,
    StringConstraints(min_length=1, max_length=256),
    AfterValidator(_fit_to_store),
    Field(json_schema_extra={"pattern": NO_CONTROLS}),
]
"""The name of a user, a resource or an action."""

_Model = TypeVar("_Model", bound=BaseModel)


async def read_body(request: Request, model: type[_Model]) -> _Model:
    """Return the request's JSON body as a `model`.

    Raises `UnsupportedMediaType` for other content than JSON, `PayloadTooLarge` past
    `MAX_BODY_BYTES`, `RequestTimeout` past SIGHTLINE_HTTP_BODY_SECONDS, `BadRequest` for what is
    not JSON, `InvalidFields` for other fields or types.
    """
    fields: dict[bytes, bytes] = dict(request.scope["headers"])
    _require_json(fields)
    raw = await _read_bounded(request, fields)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        invalid = error
    if invalid.errors(include_input=False)[0]["type"] == "json_invalid":
        message = "The body is not JSON."
        raise BadRequest(message)
    raise InvalidFields(field_errors(invalid))


def field_errors(error: ValidationError) -> list[dict[str, str]]:
    """Return the field and the reason of what is wrong, without a value that was sent."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return [_field_error(problem) for problem in problems[:_MAX_ERRORS]]


def _require_json(fields: Mapping[bytes, bytes]) -> None:
    media_type = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
    is_json = media_type == b"application/json" or (
        media_type.startswith(b"application/") and media_type.endswith(b"+json")
    )
    if not is_json or fields.get(b"content-encoding", b"identity") != b"identity":
        message = "The body must be sent as application/json, without a content encoding."
        raise UnsupportedMediaType(message)


async def _read_bounded(request: Request, fields: Mapping[bytes, bytes]) -> bytes:
    announced = fields.get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:20]) > MAX_BODY_BYTES:
        raise _too_large()
    if BODY_IS_HERE in request.scope:
        return await _read(request)  # nothing to wait for: a timeout costs more than the reading
    try:
        async with asyncio.timeout(body_seconds_of(request)):
            return await _read(request)
    except TimeoutError:
        message = "The body did not arrive in time."
        raise RequestTimeout(message) from None


async def _read(request: Request) -> bytes:
    body = b""
    more_body = True
    while more_body:
        message = await request.receive()
        if message["type"] == _DISCONNECT:
            raise _gone_away()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
        more_body = message.get("more_body", False)
    return body


def body_seconds_of(request: Request) -> float:
    """Return how long a client may take: for a whole body, or between the pieces of a stream."""
    return float(getattr(request.app.state, BODY_SECONDS, _USUAL_SECONDS))


def _gone_away() -> BadRequest:
    return BadRequest("The client went away before the end of the body.")


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"The body must not exceed {MAX_BODY_BYTES} bytes.")


def _field_error(problem: Any) -> dict[str, str]:  # noqa: ANN401  # pydantic's ErrorDetails
    location = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        location[-1:] = []  # an unknown field's name is the client's text: it is not repeated
    return {"field": ".".join(location), "message": problem["msg"]}
