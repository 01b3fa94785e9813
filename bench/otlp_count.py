"""Counts the spans of an OTLP request by walking the protobuf; decodes nothing else.

ExportTraceServiceRequest.resource_spans (1) > ResourceSpans.scope_spans (2) > ScopeSpans.spans (2).
https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator
from typing import Final

_PATH: Final = (1, 2, 2)
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def count_spans(request: bytes | memoryview) -> int:
    """Return the number of spans; `ValueError` for what is no protobuf."""
    return _count(request, 0, len(request), _PATH)


def _count(data: bytes | memoryview, start: int, end: int, path: tuple[int, ...]) -> int:
    wanted, rest = path[0], path[1:]
    found = 0
    for field, first, last in _fields(data, start, end):
        if field == wanted:
            found += _count(data, first, last, rest) if rest else 1
    return found


def _fields(data: bytes | memoryview, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield each length-delimited field's number and the bounds of its content."""
    while position < end:
        tag, position = _varint(data, position, end)
        kind = tag & 7
        if kind == _VARINT:
            _, position = _varint(data, position, end)
        elif kind == _LENGTH:
            length, position = _varint(data, position, end)
            if position + length > end:
                message = "a field is longer than what holds it"
                raise ValueError(message)
            yield tag >> 3, position, position + length
            position += length
        elif kind in {_FIXED64, _FIXED32}:
            position += 8 if kind == _FIXED64 else 4
        else:
            message = f"wire type {kind}"
            raise ValueError(message)


def _varint(data: bytes | memoryview, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # the continuation bit
            return value, position
        shift += 7
    message = "a number without an end"
    raise ValueError(message)
