"""The bytes that are hashed: canonical JSON, the subset of RFC 8785 without fractions.

What goes in is narrowed first (`narrowed`), so that what the database gives back has the same
bytes: no NUL, no lone surrogate, no number that is not a safe integer.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_SAFE_INTEGER: Final = 2**53 - 1
_MOST_DEPTH: Final = 8
_UNFIT: Final = re.compile("[\0\ud800-\udfff]")


def canonical(value: Any) -> bytes:  # noqa: ANN401  # any JSON value
    """Return the canonical JSON of a narrowed value, in UTF-8."""
    return json.dumps(
        _sorted(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()


def narrowed(value: object, depth: int = 0) -> Any:  # noqa: ANN401  # any JSON value
    """Return the value with only what has one form in JSON; the rest becomes its text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= _SAFE_INTEGER:
        return int(value)
    if depth < _MOST_DEPTH and isinstance(value, Mapping):
        return {clean(str(key)): narrowed(inner, depth + 1) for key, inner in value.items()}
    if depth < _MOST_DEPTH and isinstance(value, list | tuple):
        return [narrowed(inner, depth + 1) for inner in value]
    return clean(str(value))


def clean(text: str) -> str:
    """Return the text with U+FFFD for what PostgreSQL or UTF-8 cannot hold."""
    return _UNFIT.sub("\ufffd", text)


def _sorted(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Order the members as RFC 8785 does, by their names' UTF-16 code units."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: str(name).encode("utf-16-be"))
        return {name: _sorted(value[name]) for name in names}
    if isinstance(value, list):
        return [_sorted(inner) for inner in value]
    return value
