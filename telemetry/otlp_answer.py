"""What a collector says of a batch that it took: how many of its spans it refused after all.

OTLP, "Partial Success": ExportTraceServiceResponse.partial_success (1), whose rejected_spans is 1.
An answer that is no such message refuses nothing: its status has said that the batch was taken.
"""

from collections.abc import Iterator
from typing import Final

_PARTIAL_SUCCESS: Final = 1
_REJECTED_SPANS: Final = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES: Final = 10
_SIGN_BIT: Final = 1 << 63


def rejected_spans(body: bytes) -> int:
    """Return the number of refused spans; 0 where the answer names none or cannot be read."""
    rejected = 0
    try:
        for field, message in _fields(body):
            if field == _PARTIAL_SUCCESS and isinstance(message, bytes):
                for inner, value in _fields(message):
                    if inner == _REJECTED_SPANS and isinstance(value, int):
                        rejected = value
    except (IndexError, ValueError):
        return 0
    return rejected if rejected < _SIGN_BIT else 0


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield a message's fields: numbers of varints, the bytes of everything else."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, at = _varint(data, at)
            yield field, value
            continue
        if wire_type == _BYTES:
            size, at = _varint(data, at)
        elif wire_type in _SIZES:
            size = _SIZES[wire_type]
        else:
            message = "a form that protobuf does not have"
            raise ValueError(message)
        if at + size > len(data):
            message = "a field that ends outside the message"
            raise ValueError(message)
        yield field, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a position, and the position after it."""
    value = 0
    for number in range(_MAX_VARINT_BYTES):
        byte = data[at + number]
        value |= (byte & 0x7F) << (7 * number)
        if not byte & 0x80:
            return value, at + number + 1
    message = "a number that does not end"
    raise ValueError(message)
