"""What the load asks of a check over HTTP: plain data, for the load and for the contestants."""

from typing import Final

import orjson

PATH: Final = "/permissions/check"
KEY: Final = "the bench's own key"
USERS: Final = tuple(f"user-{number:02}" for number in range(64))
"""One a connection, each with a grant."""
RESOURCE: Final = "document:1"
ACTION: Final = "read"
LAST_BYTES: Final = b'"}'
"""Of every answer; which layer it names is counted by the metric."""


def requests(consistency: str = "minimize_latency") -> tuple[bytes, ...]:
    """Return the request of each user."""
    return tuple(_request(user, consistency) for user in USERS)


def _request(user: str, consistency: str) -> bytes:
    body = orjson.dumps(
        {"user": user, "resource": RESOURCE, "action": ACTION, "consistency": consistency}
    )
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
