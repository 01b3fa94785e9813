"""How requests of one method and route end: what is the same for all that end so, made once."""

from http import HTTPStatus
from typing import Final

from opentelemetry.util.types import AttributeValue

from telemetry.catalog import attributes
from telemetry.catalog.http import OTHER_METHOD
from telemetry.redaction import HIDDEN_PATH
from telemetry.spans import SharedAttributes


class Outcome:
    """`status` is 0 where no answer began, `error_type` "" where nothing failed.

    `line_parts` are `telemetry.access_log`'s.
    """

    __slots__ = (
        "failed",
        "fields",
        "labels",
        "line_parts",
        "shared",
        "span_name",
        "succeeded",
    )

    def __init__(
        self, method: str, scheme: str, route: str | None, status: int, error_type: str
    ) -> None:
        # A path's parameters name persons and things, a path of no route is anybody's text.
        answer: dict[str, AttributeValue] = {attributes.URL_PATH: route or HIDDEN_PATH}
        if route is not None:
            answer[attributes.HTTP_ROUTE] = route
        if status:
            answer[attributes.HTTP_RESPONSE_STATUS_CODE] = status
        if error_type:
            answer[attributes.ERROR_TYPE] = error_type
        named = "HTTP" if method == OTHER_METHOD else method
        self.span_name: Final = f"{named} {route}" if route else named
        self.shared: Final = SharedAttributes(answer)
        self.labels: Final = (
            method,
            scheme,
            route or "",
            str(status) if status else "",
            error_type,
        )
        self.fields: Final = {attributes.HTTP_REQUEST_METHOD: method, **answer}
        self.failed: Final = bool(error_type)
        self.succeeded: Final = not error_type and status < HTTPStatus.BAD_REQUEST
        self.line_parts: tuple[str, ...] = ()
