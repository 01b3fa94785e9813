"""The four protobuf field forms that OTLP needs, as bytes.

Protocol Buffers encoding: https://protobuf.dev/programming-guides/encoding/.
"""

import struct
from itertools import chain
from typing import NamedTuple

_VARINT, _FIXED64, LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """Encode an unsigned integer, seven bits a byte, least significant first."""
    if value < 0x80:  # noqa: PLR2004  # one byte carries seven bits
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(field: int, wire_type: int) -> bytes:
    """Encode a field's number and form."""
    return varint(field << 3 | wire_type)


def length_delimited(field: int, payload: bytes) -> bytes:
    """Encode bytes, a string or an embedded message."""
    return tag(field, LENGTH_DELIMITED) + varint(len(payload)) + payload


class Parts(NamedTuple):
    """A message in parts, and the sum of their sizes: what is long is joined once, at last."""

    parts: list[bytes]
    size: int

    @classmethod
    def of(cls, parts: list[bytes]) -> "Parts":
        """Add the sizes up."""
        return cls(parts, sum(map(len, parts)))


def embedded(field: int, *members: Parts) -> Parts:
    """Encode an embedded message, still in parts."""
    size = sum(member.size for member in members)
    head = tag(field, LENGTH_DELIMITED) + varint(size)
    parts = [head, *chain.from_iterable(member.parts for member in members)]
    return Parts(parts, len(head) + size)


def text(field: int, value: str) -> bytes:
    """Encode a string; what UTF-8 cannot carry is replaced."""
    return length_delimited(field, value.encode(errors="replace"))


def integer(field: int, value: int) -> bytes:
    """Encode an int64, an enum or a bool."""
    return tag(field, _VARINT) + varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def fixed64(field: int, value: int) -> bytes:
    """Encode an unsigned 64-bit number of constant size."""
    return tag(field, _FIXED64) + struct.pack("<Q", value)


def fixed32(field: int, value: int) -> bytes:
    """Encode an unsigned 32-bit number of constant size."""
    return tag(field, _FIXED32) + struct.pack("<I", value)


def double(field: int, value: float) -> bytes:
    """Encode a floating-point number."""
    return tag(field, _FIXED64) + struct.pack("<d", value)
