"""The headers that requests and answers have beside those of HTTP itself, each described once."""

from collections.abc import Mapping
from typing import Any, Final

from app.authorization import tokens

CORRELATION_ID: Final = "X-Correlation-ID"
REQUEST_ID: Final = "X-Request-ID"
CONSISTENCY_TOKEN: Final = tokens.HEADER
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
RATE_LIMIT: Final = ("RateLimit", "RateLimit-Policy")

_STRING: Final = {"type": "string"}

SENT: Final[Mapping[str, Mapping[str, Any]]] = {
    CORRELATION_ID: {
        "description": (
            "Finds this request in traces, logs and mails: 1 to 64 letters, digits and `._-`."
            " One is made where it is missing or of another form. X-Request-ID is taken as well."
        ),
        "schema": _STRING,
        "example": "order-7f3a",
    },
    REQUEST_ID: {
        "description": "Comes back in the answer as it was sent (AuthZEN 1.0).",
        "schema": _STRING,
        "example": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716",
    },
    CONSISTENCY_TOKEN: {
        "description": "How new the answer must be: the token that a write answered, or `full`.",
        "schema": {"type": "string", "pattern": "^(full|[A-Za-z0-9_-]{34})$"},
        "example": "full",
    },
    IDEMPOTENCY_KEY: {
        "description": (
            "Makes it safe to send the request again: the same key and body give the same answer,"
            " the same key with another body is a 409."
        ),
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        "example": "8f14e45f-ceea-467f-a5d2-2b5a1c7f0d2e",
    },
}
"""By name, as OpenAPI has parameters."""

ANSWERED: Final[Mapping[str, Mapping[str, Any]]] = {
    CORRELATION_ID: {
        "description": "The request's own, or the one that was made for it.",
        "schema": _STRING,
    },
    REQUEST_ID: {"description": "As it was sent.", "schema": _STRING},
    CONSISTENCY_TOKEN: {
        "description": "Stands for the state with this write; a check can demand at least that.",
        "schema": {"type": "string", "pattern": tokens.TOKEN_PATTERN},
    },
    "Location": {"description": "Where the result stands.", "schema": _STRING},
    "Retry-After": {
        "description": "Seconds after which asking again may do.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": _STRING},
    "Content-Disposition": {"description": "The file's name.", "schema": _STRING},
    RATE_LIMIT[0]: {
        "description": (
            "What is left of the key's rate, where it has one"
            " (draft-ietf-httpapi-ratelimit-headers-10)."
        ),
        "schema": _STRING,
    },
    RATE_LIMIT[1]: {"description": "The key's rate.", "schema": _STRING},
}
"""By name, as OpenAPI has headers."""
