"""The gate before every handler: a valid key, with one of the roles, within its rate.

It asks `app.security.key_ring` and leaves who calls in the request: `principal_of`. Unknown,
wrong, expired and revoked keys get one and the same answer.
"""

import functools
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import signals
from app.errors import Forbidden, TooManyRequests, Unauthorized
from app.http.fields import field_of
from app.security.buckets import AddressBuckets, Bucket
from app.security.key_ring import Holder, KeyRing
from app.security.roles import Principal, Role
from telemetry.catalog.attributes import USER_HASH
from telemetry.metrics import Meter
from telemetry.pseudonyms import Pseudonyms

Handler = Callable[[Request], Awaitable[Response]]

RATE_LIMIT: Final = "rate_limit"
"""Where the request's state keeps policy and bucket of the key, for `app.http.headers`."""

_ROLES: Final = "takes_one_of"
"""Where a handler behind the gate keeps the roles that it takes, for who describes the routes."""

_BEARER: Final = "bearer"
_MOST_ADDRESSES: Final = 4_096
_NOWHERE: Final = "unknown"


class Gate:
    """Lets requests through to the routes that it protects; the span tells whose they were."""

    def __init__(
        self, ring: KeyRing, pseudonyms: Pseudonyms, meter: Meter, unauthenticated_per_minute: int
    ) -> None:
        self._ring = ring
        self._pseudonyms = pseudonyms
        self._refusals = meter.counter(signals.REFUSALS)
        self._addresses = AddressBuckets(unauthenticated_per_minute, _MOST_ADDRESSES)

    def protect(self, routes: Iterable[Route], *any_of: Role) -> list[Route]:
        """Return the routes so that each asks for a key before its handler runs.

        The key has to have one of the roles; without any named, it is `Role.MANAGE`.
        """
        needed = frozenset(any_of or (Role.MANAGE,))
        return [
            Route(
                route.path,
                self._behind_key(route.endpoint, needed),
                methods=sorted(route.methods or ()),
                name=route.name,
            )
            for route in routes
        ]

    def _behind_key(self, handler: Handler, needed: frozenset[Role]) -> Handler:
        @functools.wraps(handler)
        async def authenticated(request: Request) -> Response:
            holder = self._ring.holder_of(_presented_key(request))
            if holder is None:
                raise self._stranger(request)
            principal = holder.principal
            state = request.state
            state.principal = principal
            state.actor = principal.name
            self._pseudonyms.mark(USER_HASH, principal.name)
            if holder.bucket is not None:
                self._take(request, holder, holder.bucket)
            if needed.isdisjoint(principal.roles):
                raise self._forbidden(needed)
            return await handler(request)

        setattr(authenticated, _ROLES, needed)
        return authenticated

    def _take(self, request: Request, holder: Holder, bucket: Bucket) -> None:
        allowed = bucket.take(self._ring.now())
        setattr(request.state, RATE_LIMIT, holder)
        if not allowed:
            self._refusals.add(1, "key_limited")
            message = "This key has asked too often."
            raise TooManyRequests(message, retry_after=bucket.seconds_to_next, policy="key")

    def _forbidden(self, needed: frozenset[Role]) -> Forbidden:
        self._refusals.add(1, "forbidden")
        roles = " ".join(sorted(needed))
        return Forbidden(
            f"This takes a key with the role {roles.replace(' ', ' or ')}.",
            headers={
                "WWW-Authenticate": (
                    f'Bearer realm="sightline", error="insufficient_scope", scope="{roles}"'
                )
            },
        )

    def _stranger(self, request: Request) -> Unauthorized | TooManyRequests:
        address = request.client.host if request.client else _NOWHERE
        wait = self._addresses.take(address, self._ring.now())
        if wait:
            self._refusals.add(1, "address_limited")
            message = "Too many requests without a valid API key came from this address."
            return TooManyRequests(message, retry_after=wait, policy="address")
        self._refusals.add(1, "unauthenticated")
        message = "A valid API key is required: Authorization: Bearer <key>, or X-API-Key."
        return Unauthorized(message)


def roles_of(route: Route) -> frozenset[Role]:
    """Return the roles of which a route's key must have one; none where it asks for no key."""
    roles: frozenset[Role] = getattr(route.endpoint, _ROLES, frozenset())
    return roles


def principal_of(request: Request) -> Principal:
    """Return who calls: the holder of the key that the request came with."""
    principal: Principal = request.state.principal
    return principal


def actor_of(request: Request) -> str:
    """Return the name of the key that an authenticated request came with."""
    return principal_of(request).name


def _presented_key(request: Request) -> str:
    scheme, _, credentials = field_of(request, b"authorization").partition(" ")
    if scheme.lower() == _BEARER:
        return credentials.strip()
    return field_of(request, b"x-api-key")
