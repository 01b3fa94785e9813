"""Reads a request's scope: the two headers that must be known at once, the rest when it is over.

Header values are client input. Each is cut to a bound and checked before it becomes an attribute;
what is unfit is left out, as if it had not been sent.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Final

from opentelemetry.trace import SpanContext
from opentelemetry.util.types import AttributeValue
from starlette.types import Scope

from telemetry.bounds import (
    BAGGAGE,
    CORRELATION_ID,
    HOST,
    QUERY,
    USER_AGENT,
    Count,
    uncounted,
)
from telemetry.catalog import attributes
from telemetry.catalog.http import OTHER_METHOD, OTHER_SCHEME
from telemetry.context import accepted_correlation_id, mint_correlation_id
from telemetry.propagation import TRACEPARENT, parse_traceparent
from telemetry.redaction import MAX_QUERY, REDACTED, mask_credentials, redact_query
from telemetry.spans import SharedAttributes
from telemetry.tracestate import TRACESTATE

_MAX_ATTRIBUTE: Final = 256
_MAX_HOST: Final = 261
_NO_PEER: Final = SharedAttributes()
_SCHEMES: Final = frozenset(("http", "https"))
_HOST = re.compile(rb"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_PLAIN_METHOD = re.compile(r"[A-Za-z_-]{1,16}")
_CORRELATION_HEADERS: Final = (b"x-correlation-id", b"x-request-id")
_HEADERS: Final = {
    b"traceparent": TRACEPARENT,
    b"tracestate": TRACESTATE,
    b"baggage": BAGGAGE,
    b"x-correlation-id": CORRELATION_ID,
    b"x-request-id": CORRELATION_ID,
    b"user-agent": USER_AGENT,
    b"host": HOST,
}
"""What is read, and under which name a refusal of it is counted."""


def method_of(scope: Scope, known: AbstractSet[str]) -> str:
    """Return the request's method if it is a known one, else `_OTHER`."""
    method: str = scope["method"]
    return method if method in known else OTHER_METHOD


def scheme_of(scope: Scope) -> str:
    """Return the request's scheme, as the server or a proxy that it trusts names it."""
    scheme: str = scope.get("scheme", "http")
    return scheme if scheme in _SCHEMES else OTHER_SCHEME


def client_attributes(
    scope: Scope,
    method: str,
    scheme: str,
    headers: Mapping[bytes, bytes],
    refused: Count = uncounted,
) -> tuple[SharedAttributes, SharedAttributes]:
    """Return what a request has in common with others of its client's kind, and of its peer."""
    server = scope.get("server")
    host = headers.get(b"host", b"")
    if len(host) > _MAX_HOST:
        refused(HOST)
        host = b""
    agent = headers.get(b"user-agent", b"")
    if len(agent) > _MAX_ATTRIBUTE:
        refused(USER_AGENT)
        agent = agent[:_MAX_ATTRIBUTE]
    kind = _of_kind(
        method,
        scheme,
        scope.get("http_version", "1.1"),
        host,
        agent,
        tuple(server) if server else None,
    )
    client = scope.get("client")
    return kind, _of_peer(*client) if client else _NO_PEER


def add_own_attributes(
    found: dict[str, AttributeValue], scope: Scope, method: str, refused: Count = uncounted
) -> None:
    """Add what is the request's alone."""
    query: bytes = scope.get("query_string", b"")
    if query:
        if len(query) > MAX_QUERY:
            refused(QUERY)
        found[attributes.URL_QUERY] = redact_query(query)
    if method is OTHER_METHOD:
        found[attributes.HTTP_REQUEST_METHOD_ORIGINAL] = _shown_method(scope["method"])


@lru_cache(maxsize=1024)
def _of_peer(address: str, port: int | None) -> SharedAttributes:
    found: dict[str, AttributeValue] = {
        attributes.CLIENT_ADDRESS: address,
        attributes.NETWORK_PEER_ADDRESS: address,
    }
    if port is not None:
        found[attributes.NETWORK_PEER_PORT] = port
    return SharedAttributes(found)


@lru_cache(maxsize=1024)
def _of_kind(  # noqa: PLR0913, PLR0917  # the key of the cache
    method: str,
    scheme: str,
    version: str,
    host: bytes,
    agent: bytes,
    server: tuple[Any, ...] | None,
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


def headers_of(scope: Scope, refused: Count = uncounted) -> dict[bytes, bytes]:
    """Return the headers that matter; one that must be single and is not becomes empty.

    Baggage may be anybody's: it stays outside, and is counted.
    """
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
            refused(_HEADERS[name])
    if b"baggage" in found:
        refused(BAGGAGE)
    return found


def correlation_id_of(headers: Mapping[bytes, bytes], refused: Count = uncounted) -> str:
    """Return the first fit ID that the caller sent, or a new one."""
    for name in _CORRELATION_HEADERS:
        sent = headers.get(name)
        accepted = accepted_correlation_id(sent) if sent else None
        if accepted:
            return accepted
        if sent:
            refused(CORRELATION_ID)
    return mint_correlation_id()


def remote_of(headers: Mapping[bytes, bytes], refused: Count = uncounted) -> SpanContext | None:
    """Return the caller's span, where it named one in a fit way."""
    sent = headers.get(b"traceparent")
    return parse_traceparent(sent, headers.get(b"tracestate", b""), refused) if sent else None


def _named_server(host: bytes) -> tuple[str, int | None] | None:
    match = _HOST.fullmatch(host)
    if not match:
        return None
    name = match[1].decode("ascii")
    if mask_credentials(name) != name:
        return None
    return name, int(match[2]) if match[2] else None


def _shown_method(method: str) -> str:
    return method if _PLAIN_METHOD.fullmatch(method) else REDACTED


def printable(value: str) -> str:
    """Return the value cut to its bound, each unprintable character as a question mark."""
    short = value[:_MAX_ATTRIBUTE]
    if short.isprintable():
        return short
    return "".join(character if character.isprintable() else "?" for character in short)
