"""Reads a request's scope: the two headers that must be known at once, the rest when it is over.

Header values are client input. Each is cut to a bound and checked before it becomes an attribute;
what is unfit is left out, as if it had not been sent.
"""

import re
from functools import lru_cache
from typing import Final

from opentelemetry.trace import SpanContext
from opentelemetry.util.types import AttributeValue
from starlette.types import Scope

from telemetry.catalog import attributes
from telemetry.catalog.http import KNOWN_METHODS, OTHER_METHOD
from telemetry.context import accepted_correlation_id, mint_correlation_id
from telemetry.propagation import parse_traceparent
from telemetry.redaction import redact_query
from telemetry.spans import SharedAttributes

_MAX_ATTRIBUTE: Final = 256
_METHODS: Final = {method: method for method in KNOWN_METHODS}
_HOST = re.compile(rb"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_HEADERS: Final = frozenset(
    (b"traceparent", b"tracestate", b"x-correlation-id", b"x-request-id", b"user-agent", b"host")
)


class Request:
    """One request as telemetry sees it."""

    __slots__ = ("_headers", "correlation_id", "method", "remote", "scope")

    def __init__(self, scope: Scope) -> None:
        """Read an ASGI `http` scope; never raises on what a client sent."""
        headers = _wanted_headers(scope)
        self.scope = scope
        self.method = _METHODS.get(scope["method"], OTHER_METHOD)
        self.correlation_id = _correlation_id(headers)
        self.remote = _remote(headers)
        self._headers = headers

    def shared_attributes(self) -> SharedAttributes:
        """Return what the request has in common with others of its client's kind."""
        scope, headers = self.scope, self._headers
        server = scope.get("server")
        return _shared(
            self.method,
            scope.get("scheme", "http"),
            scope.get("http_version", "1.1"),
            headers.get(b"host", b"")[:512],
            headers.get(b"user-agent", b"")[:_MAX_ATTRIBUTE],
            (server[0], server[1]) if server else None,
        )

    def own_attributes(self) -> dict[str, AttributeValue]:
        """Return what is the request's alone."""
        scope = self.scope
        found: dict[str, AttributeValue] = {attributes.URL_PATH: printable(scope["path"])}
        query: bytes = scope.get("query_string", b"")
        if query:
            found[attributes.URL_QUERY] = redact_query(query)
        if self.method is OTHER_METHOD:
            found[attributes.HTTP_REQUEST_METHOD_ORIGINAL] = printable(scope["method"])
        client = scope.get("client")
        if client:
            found[attributes.CLIENT_ADDRESS] = found[attributes.NETWORK_PEER_ADDRESS] = client[0]
            found[attributes.NETWORK_PEER_PORT] = client[1]
        return found


@lru_cache(maxsize=1024)
def _shared(  # noqa: PLR0913, PLR0917  # the key of the cache
    method: str,
    scheme: str,
    version: str,
    host: bytes,
    agent: bytes,
    server: tuple[str, int | None] | None,
) -> SharedAttributes:
    found: dict[str, AttributeValue] = {
        attributes.HTTP_REQUEST_METHOD: method,
        attributes.URL_SCHEME: scheme,
        attributes.NETWORK_PROTOCOL_VERSION: version,
    }
    address, port = _named_server(host) or server or (None, None)
    if address is not None:
        found[attributes.SERVER_ADDRESS] = address
    if port is not None:
        found[attributes.SERVER_PORT] = port
    if agent:
        found[attributes.USER_AGENT_ORIGINAL] = printable(agent.decode("latin-1"))
    return SharedAttributes(found)


def _wanted_headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers that matter; one that must be single and is not becomes empty."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name not in _HEADERS:
            continue
        if name not in found:
            found[name] = value
        elif name == b"tracestate":
            found[name] += b"," + value
        else:
            found[name] = b""
    return found


def _correlation_id(headers: dict[bytes, bytes]) -> str:
    for name in (b"x-correlation-id", b"x-request-id"):
        sent = headers.get(name)
        accepted = accepted_correlation_id(sent) if sent else None
        if accepted:
            return accepted
    return mint_correlation_id()


def _remote(headers: dict[bytes, bytes]) -> SpanContext | None:
    sent = headers.get(b"traceparent")
    return parse_traceparent(sent, headers.get(b"tracestate", b"")) if sent else None


def _named_server(host: bytes) -> tuple[str, int | None] | None:
    match = _HOST.fullmatch(host)
    if not match:
        return None
    return match[1].decode("ascii"), int(match[2]) if match[2] else None


def printable(value: str) -> str:
    """Return the value cut to its bound, each unprintable character as a question mark."""
    short = value[:_MAX_ATTRIBUTE]
    if short.isprintable():
        return short
    return "".join(character if character.isprintable() else "?" for character in short)
