"""New API keys: 256 random bits behind a prefix that secret scanners can look for.

What is kept is the SHA-256 of the whole key. A slow hash (argon2, bcrypt) is for what people can
remember: it makes each guess dear. These keys cannot be guessed at any price, and a slow hash on
each request would only be a way to keep the service busy. See docs/security.md.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

PREFIX: Final = "sightline_"
LONGEST_KEY: Final = 512
"""Longer text in the header is no key of ours, and is not hashed."""

_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A new key: `text` is shown once to its holder, and never kept."""

    key_id: str
    digest: bytes
    text: str = field(repr=False)


def mint() -> MintedKey:
    """Return a new key."""
    key_id = secrets.token_hex(_ID_BYTES)
    text = f"{PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    return MintedKey(key_id, digest_of(text), text)


def digest_of(key: str) -> bytes:
    """Return what is kept of a key, and what a presented one is looked up by."""
    return hashlib.sha256(key.encode("latin-1", "replace")).digest()
