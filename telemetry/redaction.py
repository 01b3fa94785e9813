"""What must not leave the process, taken out before a signal is made.

Query values that authenticate or sign, and the messages of exceptions: both carry values of
clients and of rows. Keys and classes stay, so that the line still says what happened.
"""

import re
import traceback
from typing import Final

REDACTED: Final = "REDACTED"
_MAX_QUERY: Final = 1024
_MAX_STACKTRACE: Final = 16_384

_SECRET_KEYS = re.compile(
    r"(^|[_\-.])(sig|signature|token|password|passwd|pwd|secret|key|apikey|auth|authorization|"
    r"credential|credentials|session|code|jwt|awsaccesskeyid)$",
    re.IGNORECASE,
)


def redact_query(raw: bytes) -> str:
    """Return a URL query with the values of secret keys replaced, cut at 1,024 characters."""
    text = raw.decode("latin-1")[:_MAX_QUERY]
    return "&".join(_redact_pair(pair) for pair in text.split("&"))


def _redact_pair(pair: str) -> str:
    key, equals, _ = pair.partition("=")
    return f"{key}={REDACTED}" if equals and _SECRET_KEYS.search(key) else pair


def describe_exception(error: BaseException) -> str:
    """Return the stack of an exception and of its causes: frames and classes, no messages."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"{frames}{type(current).__module__}.{type(current).__qualname__}")
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return "\nduring:\n".join(parts)[-_MAX_STACKTRACE:]
