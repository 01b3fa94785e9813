"""Reads a request's scope: whose work it is at once, the rest when it is over.

Header values are client input. Each is cut to a bound and checked before it becomes an attribute;
what is unfit is left out, as if it had not been sent.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from opentelemetry.trace import SpanContext
from opentelemetry.util.types import AttributeValue
from starlette.types import Scope

from telemetry.bounds import (
    BAGGAGE,
    CLIENT,
    CORRELATION_ID,
    HOST,
    QUERY,
    USER_AGENT,
    Count,
    uncounted,
)
from telemetry.catalog import attributes
from telemetry.catalog.http import OTHER_METHOD
from telemetry.context import accepted_correlation_id
from telemetry.propagation import TRACEPARENT, parse_traceparent
from telemetry.redaction import MAX_QUERY, REDACTED, mask_credentials, redact_query
from telemetry.spans import SharedAttributes

_MAX_ATTRIBUTE: Final = 256
_MAX_HOST: Final = 261
_MAX_ADDRESS: Final = 64
_ADDRESS = re.compile(r"[A-Za-z0-9_.:%-]*")
SCHEMES: Final = frozenset(("http", "https"))
"""Those a request may have, as the server or a proxy that it trusts names it."""

_HOST = re.compile(rb"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_PLAIN_METHOD = re.compile(r"[A-Za-z_-]{1,16}")
_CORRELATION_HEADERS: Final = (b"x-correlation-id", b"x-request-id")
CONTEXT_HEADERS: Final = frozenset(
    (b"traceparent", b"tracestate", b"baggage", *_CORRELATION_HEADERS)
)
"""What says whose work a request is. ASGI gives names in lower case."""


class Peer:
    """Who is at the other end: as attributes of a span, and as `client.address` in a JSON line."""

    __slots__ = ("address", "attributes", "json")

    def __init__(self, address: str, port: int | None) -> None:
        found: dict[str, AttributeValue] = {}
        if address:
            found[attributes.CLIENT_ADDRESS] = found[attributes.NETWORK_PEER_ADDRESS] = address
        if address and port is not None:
            found[attributes.NETWORK_PEER_PORT] = port
        self.address: Final = address
        self.attributes: Final = SharedAttributes(found)
        self.json: Final = orjson.dumps(address).decode()


def peer_of(scope: Scope, refused: Count = uncounted) -> Peer:
    """Return who sent a request; nobody where the server does not know, or was told no address.

    Behind a proxy that the server trusts, an address is a header's text, and may be anything.
    """
    client = scope.get("client")
    if not client:
        return _NOBODY
    address = client[0]
    if len(address) > _MAX_ADDRESS:
        refused(CLIENT)
        return _NOBODY
    peer = _peer(address, client[1])
    if peer is _NOBODY:
        refused(CLIENT)
    return peer


_NOBODY: Final = Peer("", None)


@lru_cache(maxsize=1024)
def _peer(address: str, port: int | None) -> Peer:
    return Peer(address, port) if _ADDRESS.fullmatch(address) else _NOBODY


def kind_attributes(
    scope: Scope, method: str, scheme: str, refused: Count = uncounted
) -> SharedAttributes:
    """Return what a request has in common with others of its client's kind."""
    server = scope.get("server")
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]):
        _drop_repeated(headers, scope["headers"], refused)
    host, agent = headers.get(b"host"), headers.get(b"user-agent")
    if host and len(host) > _MAX_HOST:
        refused(HOST)
        host = None
    if agent and len(agent) > _MAX_ATTRIBUTE:
        refused(USER_AGENT)
        agent = agent[:_MAX_ATTRIBUTE]
    if type(server) is list:  # as ASGI allows, and no key of a cache
        server = tuple(server)
    return _of_kind(method, scheme, scope.get("http_version", "1.1"), host, agent, server)


def _drop_repeated(
    headers: dict[bytes, bytes], sent: Sequence[tuple[bytes, bytes]], refused: Count
) -> None:
    """Take out what must be single and is not."""
    names = [name for name, _ in sent]
    for name, called in ((b"host", HOST), (b"user-agent", USER_AGENT)):
        if names.count(name) > 1:
            del headers[name]
            refused(called)


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
def _of_kind(  # noqa: PLR0913, PLR0917  # the key of the cache
    method: str,
    scheme: str,
    version: str,
    host: bytes | None,
    agent: bytes | None,
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


def caller_of(scope: Scope, refused: Count = uncounted) -> tuple[str | None, SpanContext | None]:
    """Return the correlation ID and the span that the caller sent, each where it is fit.

    Of two fit correlation IDs the one of our own header counts. Baggage may be anybody's: it stays
    outside, and is counted.
    """
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        if name in CONTEXT_HEADERS:
            found.setdefault(name, []).append(value)
    if b"baggage" in found:
        refused(BAGGAGE)
    traceparent = _single(found, b"traceparent", TRACEPARENT, refused)
    parent = None
    if traceparent:
        states = found.get(b"tracestate", [])
        parent = parse_traceparent(traceparent, b",".join(states), refused)
    return _correlation_id(found, refused), parent


def _correlation_id(found: Mapping[bytes, list[bytes]], refused: Count) -> str | None:
    for name in _CORRELATION_HEADERS:
        sent = _single(found, name, CORRELATION_ID, refused)
        if sent:
            accepted = accepted_correlation_id(sent)
            if accepted is not None:
                return accepted
            refused(CORRELATION_ID)
    return None


def _single(found: Mapping[bytes, list[bytes]], name: bytes, called: str, refused: Count) -> bytes:
    """Return a header's value; nothing where it was not sent, or more than once."""
    values = found.get(name)
    if values is None:
        return b""
    if len(values) > 1:
        refused(called)
        return b""
    return values[0]


def _named_server(host: bytes | None) -> tuple[str, int | None] | None:
    match = _HOST.fullmatch(host) if host else None
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
