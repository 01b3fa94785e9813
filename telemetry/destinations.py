"""Where spans go and in which form: a collector over OTLP/HTTP, or a file.

OTLP/HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp. What may be tried again is that
section's: 429, 502, 503, 504, and a connection that failed.
"""

import errno
import gzip
import os
import re
import socket
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from telemetry.allow_list import AllowList
from telemetry.bounded_http import BoundedHttp, MalformedError
from telemetry.errors import SettingsError
from telemetry.giving_way import give_way
from telemetry.otlp import SpanEncoder, request_parts, scope_of
from telemetry.otlp_answer import rejected_spans
from telemetry.otlp_json import encode_json_span, wrap_json_line
from telemetry.protobuf import Parts
from telemetry.span_queue import OWN_SCOPE, ForeignSpan, SpanBatch
from telemetry.spans import RecordedSpan

_RETRYABLE: Final = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (TimeoutError, "timeout"),
    (ConnectionRefusedError, "connection_refused"),
    (socket.gaierror, "name_not_resolved"),
    (ConnectionError, "connection_lost"),
    (MalformedError, "malformed_answer"),
)
"""The `error.type` of a failure, by the first class that fits; its own name where none does."""

_REFUSALS: Final = (400, 401, 403, 404, 413, 429, 500, 502, 503, 504)

KNOWN_REASONS: Final = (
    *dict.fromkeys(reason for _, reason in _REASONS),
    *("disk_full", "rejected", "deadline"),
    *map(str, _REFUSALS),
)
"""What a loss is usually counted under."""

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET: Final = re.compile(r"[\x21-\x7e]*")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_DISK_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_GZIP_LEVEL: Final = 1
_FILE_MODE: Final = 0o644


class DeliveryError(Exception):
    """A batch was not taken; `reason` is its `error.type`, `retryable` whether to try again.

    `retry_after_seconds` is the pause that the collector asks for, where it does.
    """

    def __init__(
        self, reason: str, *, retryable: bool, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class Destination(Protocol):
    """Encodes spans one by one, where they end, and takes them in batches, in the thread.

    `separator` is what stands between two of our own on the wire.
    """

    separator: bytes

    def encode_recorded(self, span: RecordedSpan) -> bytes:
        """Return one of our own spans, encoded."""
        ...

    def encode(self, span: ReadableSpan) -> ForeignSpan:
        """Return a span of the SDK, encoded."""
        ...

    def deliver(self, spans: SpanBatch, timeout_seconds: float) -> int:
        """Hand the spans over within the time, or raise `DeliveryError`.

        Returns how many of them were refused for good while the others were taken.
        """
        ...

    def close(self) -> None:
        """Let go of what is held open."""


class OtlpHttp:
    """A collector's `/v1/traces`, over one kept connection; the bodies as gzip, if `compressed`.

    `SettingsError` for an endpoint or a header that HTTP does not allow.
    """

    separator = b""

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        resource: Resource,
        allowed: AllowList | None = None,
        *,
        compressed: bool = False,
    ) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"the OTLP endpoint is no http(s) address: {parts.scheme}://{parts.hostname}"
            raise SettingsError(message)
        if not _TARGET.fullmatch(parts.netloc + parts.path):
            message = "the OTLP endpoint has characters that an address must encode"
            raise SettingsError(message)
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                message = f"the OTLP header {name!r} is none that HTTP allows"
                raise SettingsError(message)
        own = {"content-type": "application/x-protobuf"}
        if compressed:
            own["content-encoding"] = "gzip"
        path = f"{parts.path.rstrip('/')}/v1/traces"
        self._http = BoundedHttp(parts, path, {**own, **headers})
        self._compressed = compressed
        self._resource = resource
        encoder = SpanEncoder(allowed or AllowList())
        self.encode_recorded: Final = encoder.recorded
        self._encode_foreign = encoder.foreign

    def encode(self, span: ReadableSpan) -> ForeignSpan:
        """See `Destination.encode`."""
        return scope_of(span), self._encode_foreign(span)

    def deliver(self, spans: SpanBatch, timeout_seconds: float) -> int:
        """Post one batch. See `Destination.deliver`."""
        give_way()
        body = request_parts(self._resource, spans.groups())
        if self._compressed:
            body = Parts.of([gzip.compress(b"".join(body.parts), _GZIP_LEVEL)])
        give_way()
        try:
            answer = self._http.post(body, timeout_seconds)
        except (OSError, MalformedError) as error:
            raise DeliveryError(_reason(error), retryable=True) from error
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise DeliveryError(
                str(answer.status),
                retryable=answer.status in _RETRYABLE,
                retry_after_seconds=answer.retry_after_seconds,
            )
        return min(rejected_spans(answer.body), len(spans))

    def close(self) -> None:
        """Close the connection; the next batch opens another."""
        self._http.close()


class JsonFile:
    """A file of OTLP JSON lines, for a machine without a collector. Processes may share it."""

    separator = b","

    def __init__(self, path: Path, resource: Resource, allowed: AllowList | None = None) -> None:
        self._path = path
        self._resource = resource
        self._line_is_open = False
        self._allowed = allowed or AllowList()

    def encode_recorded(self, span: RecordedSpan) -> bytes:
        """See `Destination.encode_recorded`."""
        return encode_json_span(span.readable(self._resource, OWN_SCOPE), self._allowed)

    def encode(self, span: ReadableSpan) -> ForeignSpan:
        """See `Destination.encode`."""
        return scope_of(span), encode_json_span(span, self._allowed)

    def deliver(self, spans: SpanBatch, timeout_seconds: float) -> int:  # noqa: ARG002  # a local file has no deadline
        """Append one line. See `Destination.deliver`."""
        give_way()
        line = wrap_json_line(self._resource, spans.groups())
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _FILE_MODE)
            try:
                self._append(file, line)
            finally:
                os.close(file)
        except OSError as error:
            raise DeliveryError(_reason(error), retryable=False) from error
        return 0

    def _append(self, file: int, line: bytes) -> None:
        """Write a line, apart from what a full disk left of the one before."""
        left = b"\n" + line if self._line_is_open else line
        while left:
            left = left[os.write(file, left) :]
            self._line_is_open = bool(left)

    def close(self) -> None:
        """Nothing is held open."""


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return "disk_full"
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), None) or (
        type(error).__name__
    )
