"""Names of persons, made fit for telemetry: keyed hashes, the same for the same name.

Without the key nobody can tell a name from its hash, nor try names until one fits; with it anybody
finds all that a person's requests left behind.
"""

import hmac
from functools import lru_cache
from typing import Final

from opentelemetry import trace

_KEPT: Final = 4096
_HEX_DIGITS: Final = 32


class Pseudonyms:
    """HMAC-SHA256 under one key, its first 128 bits in hexadecimal."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of = lru_cache(_KEPT)(self._of)
        """Return the pseudonym of a name."""

    def mark(self, attribute: str, name: str) -> None:
        """Set an attribute of the current span to the name's pseudonym."""
        span = trace.get_current_span()
        if span.is_recording():
            span.set_attribute(attribute, self.of(name))

    def _of(self, name: str) -> str:
        digest = hmac.digest(self._key, name.encode(errors="surrogatepass"), "sha256")
        return digest.hex()[:_HEX_DIGITS]
