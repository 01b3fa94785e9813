"""The correlation ID of the work in hand: minted at the edge, carried to log, queue and mail.

It is not the trace ID: it is the caller's, survives sampling, and may span several traces. It
travels in OpenTelemetry's context, beside the span.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from random import getrandbits
from typing import Any, Final, cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context

_KEY: Final = otel_context.create_key("correlation_id")
_SPAN_KEY: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""Where the API keeps the current span; it has no public name."""

_runtime: Any = otel_context._RUNTIME_CONTEXT  # noqa: SLF001  # the API has no shorter way to it
_CURRENT: Final[ContextVar[Context]] = _runtime._current_context  # noqa: SLF001

attach: Final = _CURRENT.set
"""The API's own `attach`, without the two calls around it: they cost more than what they call."""

_ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def detach(token: Token[Context]) -> None:
    """Take back an `attach`; never raises, as the API's own."""
    try:  # noqa: SIM105  # on the path of each request: `suppress` is an object and two calls
        _CURRENT.reset(token)
    except ValueError:  # closed from outside its task, whose context is gone
        pass


def correlation_id() -> str | None:
    """Return the correlation ID of the current work, or None outside any."""
    value = otel_context.get_value(_KEY)
    return value if isinstance(value, str) else None


def accepted_correlation_id(raw: bytes) -> str | None:
    """Return a client's ID if it is 1 to 64 of `A-Z a-z 0-9 . _ -`, else None.

    Judged on the raw bytes: what passes is safe in headers, log lines and mails.
    """
    return raw.decode("ascii") if _ACCEPTED.fullmatch(raw) else None


def mint_correlation_id() -> str:
    """Return a new ID for work whose caller sent none that is fit: 32 hexadecimal digits.

    It names, it does not protect: the kernel's randomness would cost most of a request's telemetry.
    """
    return getrandbits(128).to_bytes(16, "big").hex()  # no secret


def request_context(span: trace.Span, correlation: str) -> Context:
    """Return the context of a request: its span, its correlation ID, nothing of who came before.

    A plain dictionary, for the API only reads it; a `Context` of it would be a second one.
    """
    return cast("Context", {_SPAN_KEY: span, _KEY: correlation})


@contextmanager
def bound_correlation_id(value: str) -> Iterator[None]:
    """Make `value` the correlation ID of the block."""
    token = attach(otel_context.set_value(_KEY, value))
    try:
        yield
    finally:
        detach(token)
