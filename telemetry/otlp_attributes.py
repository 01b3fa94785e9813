"""Attributes as OTLP protobuf: the allowed ones, cleaned, each as one field of a message.

Most values are short texts: what stands before one on the wire depends on its name and size only
and is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from telemetry.allow_list import SPAN, AllowList
from telemetry.protobuf import double, integer, length_delimited, text
from telemetry.redaction import MASKS, clean

OF_A_SPAN: Final = 9
OF_A_LINK: Final = 4
OF_A_RESOURCE: Final = 1

_SHORT: Final = 64
"""Characters of a value whose head is worth keeping."""
_KEPT: Final = 256
"""Characters of a text that is worth keeping with its form on the wire."""
_SCALARS: Final = frozenset((str, bool, int, float))


class AttributeEncoder:
    """Encodes what the allow-list lets through; the rest is refused, which counts it."""

    def __init__(self, allowed: AllowList) -> None:
        self._plain = allowed.names - MASKS.keys()
        self._refuse = allowed.refuse

    def append_to(self, parts: list[bytes], attributes: Mapping[str, Any]) -> int:
        """Append a span's attributes to its parts; return how many were left out."""
        plain, left_out = self._plain, 0
        for key, value in attributes.items():
            if key in plain:
                if type(value) is str and len(value) <= _SHORT:
                    raw = value.encode(errors="replace")
                    parts += (head_of_text(key, len(raw)), raw)
                else:
                    parts.append(encode_attribute(OF_A_SPAN, key, value))
            elif key in MASKS:
                parts.append(_masked(OF_A_SPAN, key, value))
            else:
                self._refuse(SPAN, key)
                left_out += 1
        return left_out

    def of_span(self, attributes: Mapping[str, Any]) -> tuple[bytes, int]:
        """Return a span's attributes, encoded, and how many were left out."""
        parts: list[bytes] = []
        left_out = self.append_to(parts, attributes)
        return b"".join(parts), left_out

    def of_link(self, attributes: Mapping[str, Any]) -> bytes:
        """Return a link's attributes, encoded."""
        kept: list[bytes] = []
        for key, value in attributes.items():
            if key in self._plain or key in MASKS:
                kept.append(_masked(OF_A_LINK, key, value))
            else:
                self._refuse(SPAN, key)
        return b"".join(kept)


def encode_resource(attributes: Mapping[str, Any]) -> bytes:
    """Return a resource's attributes, encoded: all of them, since an operator chose them."""
    return b"".join(
        encode_attribute(OF_A_RESOURCE, key, value) for key, value in attributes.items()
    )


def encode_attribute(field: int, key: str, value: object) -> bytes:
    """Return one attribute as that field of its message."""
    # What is none may not be hashable, or equal what it is not.
    if type(value) in _SCALARS and (type(value) is not str or len(value) <= _KEPT):
        return _scalar(field, key, value)
    return _encoded(field, key, value)


def _masked(field: int, key: str, value: object) -> bytes:
    if type(value) is str:
        return _masked_text(field, key, value)
    return encode_attribute(field, key, clean(key, value))


@lru_cache(maxsize=2048)  # a statement or a client comes again
def _masked_text(field: int, key: str, value: str) -> bytes:
    return _encoded(field, key, clean(key, value))


@lru_cache(maxsize=8192, typed=True)  # most are the same for every request of a route
def _scalar(field: int, key: str, value: object) -> bytes:
    return _encoded(field, key, value)


def _encoded(field: int, key: str, value: object) -> bytes:
    return length_delimited(field, text(1, key) + length_delimited(2, _value(value)))


@lru_cache(maxsize=4096)
def head_of_text(key: str, size: int) -> bytes:
    """Return what comes before the bytes of a span's text attribute: only their number matters."""
    value = length_delimited(2, length_delimited(1, bytes(size)))
    whole = length_delimited(OF_A_SPAN, text(1, key) + value)
    return whole[: len(whole) - size]


def _value(value: object) -> bytes:
    for kind, encode in _ENCODERS:  # bool stands before int, of which it is a kind
        if isinstance(value, kind):
            return encode(value)
    return text(1, type(value).__qualname__)


def _array(items: Sequence[object]) -> bytes:
    return length_delimited(5, b"".join(length_delimited(1, _value(item)) for item in items))


_ENCODERS: Final[tuple[tuple[type, Callable[[Any], bytes]], ...]] = (
    (str, partial(text, 1)),
    (bool, partial(integer, 2)),
    (int, partial(integer, 3)),
    (float, partial(double, 4)),
    (bytes, partial(length_delimited, 7)),
    (Sequence, _array),
)
