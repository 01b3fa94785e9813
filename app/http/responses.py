"""JSON answers."""

from typing import Any

import orjson
from starlette.responses import Response


class JsonResponse(Response):
    """An `application/json` answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401  # whatever JSON can say
        """Return the content as JSON."""
        return orjson.dumps(content)


class ProblemResponse(JsonResponse):
    """An error in the form of RFC 9457."""

    media_type = "application/problem+json"
