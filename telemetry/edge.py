"""Reads a request's scope once: what the middleware needs, bounded and safe, and nothing else.

Header values are client input. Each is cut to a bound and checked before it becomes an attribute;
what is unfit is left out, as if it had not been sent.
"""

import re
from dataclasses import dataclass
from typing import Final

from opentelemetry.trace import SpanContext
from opentelemetry.util.types import AttributeValue
from starlette.types import Scope

from telemetry.catalog import attributes
from telemetry.catalog.http import KNOWN_METHODS, OTHER_METHOD
from telemetry.context import accepted_correlation_id, mint_correlation_id
from telemetry.propagation import parse_traceparent
from telemetry.redaction import redact_query

_MAX_ATTRIBUTE: Final = 256
_METHODS: Final = frozenset(KNOWN_METHODS)
_HOST = re.compile(rb"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_HEADERS: Final = frozenset(
    (b"traceparent", b"tracestate", b"x-correlation-id", b"x-request-id", b"user-agent", b"host")
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as telemetry sees it. `attributes` are those that a sampler may judge."""

    method: str
    correlation_id: str
    remote: SpanContext | None
    attributes: dict[str, AttributeValue]


def read_request(scope: Scope) -> Request:
    """Return the request of an ASGI `http` scope. Never raises on what a client sent."""
    headers = _wanted_headers(scope)
    method: str = scope["method"]
    known = method if method in _METHODS else OTHER_METHOD
    found: dict[str, AttributeValue] = {
        attributes.HTTP_REQUEST_METHOD: known,
        attributes.URL_PATH: _printable(scope["path"]),
        attributes.URL_SCHEME: scope.get("scheme", "http"),
        attributes.NETWORK_PROTOCOL_VERSION: scope.get("http_version", "1.1"),
    }
    if known is OTHER_METHOD:
        found[attributes.HTTP_REQUEST_METHOD_ORIGINAL] = _printable(method)
    query: bytes = scope.get("query_string", b"")
    if query:
        found[attributes.URL_QUERY] = redact_query(query)
    _add_peers(found, scope, headers.get(b"host", b""))
    agent = headers.get(b"user-agent")
    if agent:
        found[attributes.USER_AGENT_ORIGINAL] = _printable(agent.decode("latin-1"))
    return Request(known, _correlation_id(headers), _remote(headers), found)


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


def _add_peers(found: dict[str, AttributeValue], scope: Scope, host: bytes) -> None:
    client = scope.get("client")
    if client:
        found[attributes.CLIENT_ADDRESS] = found[attributes.NETWORK_PEER_ADDRESS] = client[0]
        found[attributes.NETWORK_PEER_PORT] = client[1]
    match = _HOST.fullmatch(host)
    server = scope.get("server")
    if match:
        found[attributes.SERVER_ADDRESS] = match[1].decode("ascii")
        if match[2]:
            found[attributes.SERVER_PORT] = int(match[2])
    elif server:
        found[attributes.SERVER_ADDRESS] = server[0]
        if server[1] is not None:
            found[attributes.SERVER_PORT] = server[1]


def _printable(value: str) -> str:
    """Return the value cut to its bound, each unprintable character as a question mark."""
    short = value[:_MAX_ATTRIBUTE]
    if short.isprintable():
        return short
    return "".join(character if character.isprintable() else "?" for character in short)
