"""The correlation ID of the work in hand: minted at the edge, carried to log, queue and mail.

It is not the trace ID: it is the caller's, survives sampling, and may span several traces.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

CORRELATION_ID: Final[ContextVar[str | None]] = ContextVar("correlation_id", default=None)

_ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def correlation_id() -> str | None:
    """Return the correlation ID of the current work, or None outside any."""
    return CORRELATION_ID.get()


def accepted_correlation_id(raw: bytes) -> str | None:
    """Return a client's ID if it is 1 to 64 of `A-Z a-z 0-9 . _ -`, else None.

    Judged on the raw bytes: what passes is safe in headers, log lines and mails.
    """
    return raw.decode("ascii") if _ACCEPTED.fullmatch(raw) else None


def mint_correlation_id() -> str:
    """Return a new ID for work whose caller sent none that is fit: 32 hexadecimal digits.

    It names, it does not protect: the kernel's randomness would cost most of a request's telemetry.
    """
    return f"{random.getrandbits(128):032x}"  # no secret


@contextmanager
def bound_correlation_id(value: str) -> Iterator[None]:
    """Make `value` the correlation ID of the block."""
    token = CORRELATION_ID.set(value)
    try:
        yield
    finally:
        CORRELATION_ID.reset(token)
