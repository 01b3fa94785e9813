"""API keys: who may call, and under which name the call is recorded.

Only hashes are known here. A presented key is compared with all of them, each in constant time,
so neither the answer's time nor its text tells how close a guess was.
"""

import functools
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.errors import Unauthorized
from telemetry.catalog.attributes import USER_HASH
from telemetry.pseudonyms import Pseudonyms

Handler = Callable[[Request], Awaitable[Response]]

_LONGEST_KEY: Final = 512
_BEARER: Final = "bearer"


class KeyRing:
    """The known keys: a name and the hex SHA-256 of each. The request's span tells whose it was."""

    def __init__(self, keys: Mapping[str, SecretStr], pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._digests = {
            name: bytes.fromhex(digest.get_secret_value()) for name, digest in keys.items()
        }

    def holder_of(self, key: str) -> str | None:
        """Return the name of the key, or None where it is unknown."""
        presented = hashlib.sha256(key.encode("latin-1", "replace")).digest()
        holder = None
        for name, digest in self._digests.items():
            if hmac.compare_digest(presented, digest):
                holder = name
        return holder

    def protect(self, routes: Iterable[Route]) -> list[Route]:
        """Return the routes so that each asks for a key before its handler runs."""
        return [
            Route(
                route.path,
                self._behind_key(route.endpoint),
                methods=sorted(route.methods or ()),
                name=route.name,
            )
            for route in routes
        ]

    def _behind_key(self, handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def authenticated(request: Request) -> Response:
            request.state.actor = self._authenticate(request)
            self._pseudonyms.mark(USER_HASH, request.state.actor)
            return await handler(request)

        return authenticated

    def _authenticate(self, request: Request) -> str:
        key = _presented_key(request.headers)
        if not key:
            message = "An API key is required: Authorization: Bearer <key>, or X-API-Key."
            raise Unauthorized(message)
        holder = self.holder_of(key) if len(key) <= _LONGEST_KEY else None
        if holder is None:
            message = "The API key is not known."
            raise Unauthorized(message)
        return holder


def actor_of(request: Request) -> str:
    """Return the name of the key that an authenticated request came with."""
    actor: str = request.state.actor
    return actor


def _presented_key(headers: Mapping[str, Any]) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == _BEARER:
        return str(credentials).strip()
    return str(headers.get("x-api-key", ""))
