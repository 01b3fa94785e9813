"""Where spans go and in which form: a collector over OTLP/HTTP, or a file.

OTLP/HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp. What may be tried again is that
section's: 429, 502, 503, 504, and a connection that failed.
"""

import http.client
import socket
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from telemetry.errors import SettingsError
from telemetry.otlp import (
    encode_json_span,
    encode_recorded,
    encode_span,
    scope_of,
    wrap_json_line,
    wrap_request,
)
from telemetry.spans import RecordedSpan

OWN_SCOPE: Final = InstrumentationScope("telemetry")
"""What our own spans name as their instrumentation."""

_RETRYABLE: Final = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class DeliveryError(Exception):
    """A batch was not taken; `reason` is its `error.type`, `retryable` whether to try again."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable


class EncodedSpan(NamedTuple):
    """A span in the form that its destination takes, and the instrumentation that made it."""

    scope: InstrumentationScope
    data: bytes


class Destination(Protocol):
    """Encodes spans one by one, where they end, and takes them in batches, in the thread."""

    def encode_recorded(self, span: RecordedSpan) -> EncodedSpan:
        """Return one of our own spans, encoded."""
        ...

    def encode(self, span: ReadableSpan) -> EncodedSpan:
        """Return a span of the SDK, encoded."""
        ...

    def deliver(self, spans: Sequence[EncodedSpan], timeout_seconds: float) -> None:
        """Hand the spans over within the time, or raise `DeliveryError`."""

    def close(self) -> None:
        """Let go of what is held open."""


def _groups(
    spans: Sequence[EncodedSpan],
) -> Iterable[tuple[InstrumentationScope, Iterable[bytes]]]:
    groups: dict[InstrumentationScope, list[bytes]] = {}
    for scope, data in spans:
        if scope not in groups:
            groups[scope] = []
        groups[scope].append(data)
    return groups.items()


class OtlpHttp:
    """A collector's `/v1/traces`, over one kept connection."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], resource: Resource) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"the OTLP endpoint is no http(s) address: {parts.scheme}://{parts.hostname}"
            raise SettingsError(message)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._path = f"{parts.path.rstrip('/')}/v1/traces"
        self._headers = {"content-type": "application/x-protobuf", **headers}
        self._resource = resource
        self._connection: http.client.HTTPConnection | None = None

    def encode_recorded(self, span: RecordedSpan) -> EncodedSpan:
        """See `Destination.encode_recorded`."""
        return EncodedSpan(OWN_SCOPE, encode_recorded(span))

    def encode(self, span: ReadableSpan) -> EncodedSpan:
        """See `Destination.encode`."""
        return EncodedSpan(scope_of(span), encode_span(span))

    def deliver(self, spans: Sequence[EncodedSpan], timeout_seconds: float) -> None:
        """Post one batch. See `Destination.deliver`."""
        body = wrap_request(self._resource, _groups(spans))
        try:
            status = self._post(body, timeout_seconds)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise DeliveryError(_reason(error), retryable=True) from error
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise DeliveryError(str(status), retryable=status in _RETRYABLE)

    def _post(self, body: bytes, timeout_seconds: float) -> int:
        connection = self._connection
        if connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            connection = self._connection = kind(self._host, self._port, timeout=timeout_seconds)
        elif connection.sock is not None:
            connection.sock.settimeout(timeout_seconds)
        connection.request("POST", self._path, body, self._headers)
        response = connection.getresponse()
        response.read()
        return response.status

    def close(self) -> None:
        """Close the connection; the next batch opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class JsonFile:
    """A file of OTLP JSON lines, for a machine without a collector."""

    def __init__(self, path: Path, resource: Resource) -> None:
        self._path = path
        self._resource = resource

    def encode_recorded(self, span: RecordedSpan) -> EncodedSpan:
        """See `Destination.encode_recorded`."""
        return self.encode(span.readable(self._resource, OWN_SCOPE))

    def encode(self, span: ReadableSpan) -> EncodedSpan:
        """See `Destination.encode`."""
        return EncodedSpan(scope_of(span), encode_json_span(span))

    def deliver(self, spans: Sequence[EncodedSpan], timeout_seconds: float) -> None:  # noqa: ARG002  # a local file has no deadline
        """Append one line. See `Destination.deliver`."""
        try:
            with self._path.open("ab") as file:
                file.write(wrap_json_line(self._resource, _groups(spans)))
        except OSError as error:
            raise DeliveryError(_reason(error), retryable=False) from error

    def close(self) -> None:
        """Nothing is held open."""


def _reason(error: Exception) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "connection_refused"
    return type(error).__name__
