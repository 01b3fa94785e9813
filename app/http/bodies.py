"""Request bodies: bounded while they arrive, then checked against a model.

What is wrong is said by field; what was sent is never echoed.
"""

import unicodedata
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError
from starlette.requests import ClientDisconnect, Request

from app.errors import BadRequest, InvalidFields, PayloadTooLarge, UnsupportedMediaType

MAX_BODY_BYTES: Final = 64 * 1024
_MAX_ERRORS: Final = 20
_UNFIT_CATEGORIES: Final = frozenset(("Cc", "Cs"))


class Body(BaseModel):
    """A JSON object that a handler takes: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _without_control_characters(value: str) -> str:
    if any(unicodedata.category(character) in _UNFIT_CATEGORIES for character in value):
        kind = "control_characters"
        message = "String should have no control characters"
        raise PydanticCustomError(kind, message)
    return value


Identifier = Annotated[
    str,
    StringConstraints(min_length=1, max_length=256),
    AfterValidator(_without_control_characters),
]
"""The name of a user, a resource or an action."""

_Model = TypeVar("_Model", bound=BaseModel)


async def read_body(request: Request, model: type[_Model]) -> _Model:
    """Return the request's JSON body as a `model`.

    Raises `UnsupportedMediaType` for other content than JSON, `PayloadTooLarge` past
    `MAX_BODY_BYTES`, `BadRequest` for what is not JSON, `InvalidFields` for other fields or types.
    """
    _require_json(request)
    raw = await _read_bounded(request)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        message = "The body is not JSON."
        raise BadRequest(message)
    raise InvalidFields([_field_error(problem) for problem in problems[:_MAX_ERRORS]])


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    if not is_json or request.headers.get("content-encoding", "identity") != "identity":
        message = "The body must be sent as application/json, without a content encoding."
        raise UnsupportedMediaType(message)


async def _read_bounded(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise _too_large()
    except ClientDisconnect:
        message = "The client went away before the end of the body."
        raise BadRequest(message) from None
    return bytes(body)


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"The body must not exceed {MAX_BODY_BYTES} bytes.")


def _field_error(problem: Any) -> dict[str, str]:  # noqa: ANN401  # pydantic's ErrorDetails
    location = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        location[-1:] = []  # an unknown field's name is the client's text: it is not repeated
    return {"field": ".".join(location), "message": problem["msg"]}
