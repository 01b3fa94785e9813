"""Anchors: the chain's head, signed and kept outside the database.

Without them a superuser can write the whole chain anew, or cut off its end, and nothing inside the
database shows it. One line of JSON an export; kept where the database's administrators cannot
write, each line holds all that was sealed before it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.audit.canonical import canonical
from app.audit.chain import Position
from app.audit.verification import Anchor
from app.errors import SettingsError

_ALGORITHM: Final = "hmac-sha256"
_SHORTEST_KEY: Final = 32
_KEY_ID_DIGITS: Final = 16


class AnchorError(Exception):
    """A line of an anchors' file is not what was exported; the message names the line."""


def read_key(path: Path | None) -> bytes:
    """Return the signing key; `SettingsError` where there is none or it is short."""
    if path is None:
        message = "SIGHTLINE_AUDIT_KEY_FILE is required"
        raise SettingsError(message)
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        message = f"SIGHTLINE_AUDIT_KEY_FILE cannot be read ({error.strerror})"
        raise SettingsError(message) from None
    if len(key) < _SHORTEST_KEY:
        message = f"SIGHTLINE_AUDIT_KEY_FILE must hold at least {_SHORTEST_KEY} bytes"
        raise SettingsError(message)
    return key


def exported(head: Position, key: bytes) -> str:
    """Return the head as a signed line, without its line end."""
    said = {
        "algorithm": _ALGORITHM,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "hash": head.hash.hex(),
        "key": hashlib.sha256(key).hexdigest()[:_KEY_ID_DIGITS],
        "number": head.number,
    }
    return canonical({**said, "signature": _signature(said, key)}).decode()


def read_anchors(lines: Iterable[str], key: bytes) -> list[Anchor]:
    """Return the anchors of exported lines; `AnchorError` at the first one that is not ours."""
    return [_anchor(line, key, place) for place, line in enumerate(lines, start=1) if line.strip()]


def _anchor(line: str, key: bytes, place: int) -> Anchor:
    try:
        said: Any = json.loads(line)
        signature = said.pop("signature")
        if hmac.compare_digest(str(signature), _signature(said, key)):
            return Anchor(int(said["number"]), bytes.fromhex(said["hash"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    message = f"line {place} was not signed with this key"
    raise AnchorError(message)


def _signature(said: Mapping[str, object], key: bytes) -> str:
    return hmac.digest(key, canonical(dict(said)), "sha256").hex()
