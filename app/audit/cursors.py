"""Opaque cursors: a place in a listing, as text that goes into a URL."""

import base64
import binascii
import json
from typing import Any, Final

from app.errors import BadRequest

_LONGEST: Final = 512
_WIDEST: Final = 2**63


def cursor_of(*key: int | str) -> str:
    """Return the cursor of a key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_of(cursor: str, *types: type) -> tuple[Any, ...]:
    """Return the key of a cursor; `BadRequest` where it has not these types, or is none."""
    try:
        if len(cursor) <= _LONGEST:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if (
                isinstance(key, list)
                and [type(part) for part in key] == list(types)
                and all(not isinstance(part, int) or 0 <= part < _WIDEST for part in key)
            ):
                return tuple(key)
    except (ValueError, binascii.Error, RecursionError):
        pass
    message = "This is not a cursor of this listing; send one that a page has answered."
    raise BadRequest(message)
