"""Health, and the documents about the API."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from app.http.openapi.operation import Answer, Operation, Operations, Shown

_HEALTH: Final = "Health"
_DOCUMENTS: Final = "Documents"


class Live(Shown):
    """The process answers."""

    status: Literal["live"]


class DependencyState(Shown):
    """What the service needs (`required`), or is only quicker with."""

    state: Literal["up", "down", "busy"]
    required: bool


class Ready(Shown):
    """`degraded`: requests are answered, and something is away or busy."""

    status: Literal["ready", "degraded"]
    checks: Annotated[dict[str, DependencyState], Field(min_length=1)]


class Unready(Shown):
    """Something that the service needs is away."""

    status: Literal["unready"]
    checks: Annotated[dict[str, DependencyState], Field(min_length=1)]


OPERATIONS: Final[Operations] = {
    ("GET", "/livez"): Operation(
        id="live",
        tag=_HEALTH,
        summary="Does the process answer?",
        answers=(Answer(says="It does.", body=Live),),
    ),
    ("GET", "/readyz"): Operation(
        id="ready",
        tag=_HEALTH,
        summary="Can requests be answered?",
        answers=(
            Answer(says="They can.", body=Ready),
            Answer(
                status=HTTPStatus.SERVICE_UNAVAILABLE, says="They cannot be answered.", body=Unready
            ),
        ),
    ),
    ("GET", "/openapi.json"): Operation(
        id="openapi",
        tag=_DOCUMENTS,
        summary="This description, as OpenAPI 3.1",
        answers=(Answer(says="The document.", body=dict[str, Any]),),
    ),
    ("GET", "/docs"): Operation(
        id="docs",
        tag=_DOCUMENTS,
        summary="This description, as a page to read",
        answers=(Answer(says="The page.", body=str, media_type="text/html"),),
    ),
}
