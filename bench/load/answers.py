"""Answers off a socket: where one ends, its status, and whether the service gave it."""

import re
from dataclasses import dataclass
from typing import Final

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_OURS: Final = re.compile(rb"\r\nx-correlation-id:", re.IGNORECASE)
_PROTOCOL: Final = b"HTTP/1.1 "
_BODILESS: Final = (204, 304)


class NoAnswerError(Exception):
    """What came is no answer of HTTP/1.1 with a length."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `is_service` is false where a proxy made it up; `closes` ends the connection."""

    status: int
    is_service: bool
    closes: bool


def answer_of(data: bytes) -> Answer | None:
    """Return the answer that `data` holds whole, or None where some of it is still to come."""
    end = data.find(_HEAD_END)
    if end < 0:
        return None
    head = data[: end + 2]
    status = int(head[9:12]) if head.startswith(_PROTOCOL) else 0
    length = _LENGTH.search(head)
    if not status or (length is None and status not in _BODILESS):
        message = f"not an answer with a length: {head[:200]!r}"
        raise NoAnswerError(message)
    if len(data) < end + len(_HEAD_END) + int(length[1] if length else 0):
        return None
    return Answer(status, _OURS.search(head) is not None, _CLOSES.search(head) is not None)
