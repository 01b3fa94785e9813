"""Where work came from: the client's address, kept for the request as the policy allows.

Between the telemetry middleware and the routes; only `app.audit.trail` reads it.
"""

import ipaddress
import os
import socket
from contextvars import ContextVar
from typing import Final, Literal

from starlette.types import ASGIApp, Receive, Scope, Send

AddressPolicy = Literal["full", "network", "none"]
"""What of a client's address is put on record: all, its /24 or /48 network, or nothing."""

_NETWORK_BITS: Final = {4: 24, 6: 48}
_client: ContextVar[tuple[AddressPolicy, str] | None] = ContextVar("audit_client", default=None)


class RememberClient:
    """ASGI middleware: what is recorded in a request knows the request's client."""

    def __init__(self, app: ASGIApp, policy: AddressPolicy) -> None:
        self._app = app
        self._policy: AddressPolicy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its client remembered."""
        client = scope.get("client")
        if client is None or self._policy == "none":
            await self._app(scope, receive, send)
            return
        token = _client.set((self._policy, client[0]))
        try:
            await self._app(scope, receive, send)
        finally:
            _client.reset(token)


def client_address() -> str | None:
    """Return the address of the request's client as the policy allows; None outside a request."""
    known = _client.get()
    if known is None:
        return None
    policy, text = known
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None  # a socket of another kind has no address
    if policy == "full":
        return str(address)
    return str(ipaddress.ip_network((address, _NETWORK_BITS[address.version]), strict=False))


def instance() -> str:
    """Return which process this is: its host's name and its number there."""
    return f"{socket.gethostname()}:{os.getpid()}"
